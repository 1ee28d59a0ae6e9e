"""Nothing is lost or doubled when the bus, the service or the disk fails."""

import asyncio
import resource
import signal

import aiohttp

from logstream_chunks import Sender, make_chunks, numbered
from logstream_stand import Client, Event, Logstream, assert_all_lines_once, collect, until
from nats_server import NatsServer
from tisktask_common.bus.connection import Bus
from tisktask_common.log_chunk import LogChunk


async def test_every_line_comes_once_when_bus_and_service_are_killed_in_between(
    bus: Bus, nats_server: NatsServer, logstream: Logstream
) -> None:
    records = logstream.records
    job = records.add_job(run := records.add_run())
    text = numbered(50_000)
    sending = asyncio.create_task(_send_bit_by_bit(Sender(bus, run, job), make_chunks(text, 5000)))
    await _until_lines(logstream, job, 5000)
    nats_server.kill()
    nats_server.start()
    await _until_lines(logstream, job, 20_000)
    logstream.end(signal.SIGKILL)
    logstream.start()
    await sending
    await logstream.until_ready()
    async with Client(logstream.url) as client:
        assert_all_lines_once(await collect(client, job), 50_000)
        async with client.http.get(f"/api/v1/jobs/{job}/log") as answer:
            assert await answer.read() == text


async def test_viewers_who_come_back_miss_and_repeat_no_line_while_the_service_is_killed(
    bus: Bus, logstream: Logstream
) -> None:
    records = logstream.records
    job = records.add_job(run := records.add_run())
    text = numbered(30_000)
    viewers = [asyncio.create_task(_watch_stubbornly(logstream, job)) for _ in range(5)]
    sending = asyncio.create_task(_send_bit_by_bit(Sender(bus, run, job), make_chunks(text, 5000)))
    for lines in (2000, 10_000, 18_000):
        await _until_lines(logstream, job, lines)
        logstream.end(signal.SIGKILL)
        logstream.start()
        await logstream.until_ready()
    await sending
    for events in await asyncio.gather(*viewers):
        assert_all_lines_once(events, 30_000)


async def _watch_stubbornly(logstream: Logstream, job: str) -> list[Event]:
    """Watch as browsers do: after each break again, from behind the last event that came whole."""
    seen: list[Event] = []
    async with Client(logstream.url) as client:
        while not seen or seen[-1].kind != "end":
            try:
                last = int(seen[-1].id) if seen else None
                async for event in client.events(f"/api/v1/jobs/{job}/log/stream", last):
                    seen.append(event)  # noqa: PERF401 - what came before a break counts
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
    return seen


async def test_a_disk_that_refuses_is_told_and_nothing_is_lost(bus: Bus, logstream: Logstream) -> None:
    records = logstream.records
    job = records.add_job(run := records.add_run())
    assert logstream.process
    limits = resource.prlimit(logstream.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(logstream.process.pid, resource.RLIMIT_FSIZE, (100_000, limits[1]))
    text = numbered(20_000)
    await Sender(bus, run, job).send(*make_chunks(text, 30_000))

    async with Client(logstream.url) as client:

        async def is_told() -> bool:
            async with client.http.get("/readyz") as answer:
                return answer.status == 503 and not (await answer.json())["parts"]["disk"]

        await until(is_told)
        assert "tisktask_log_disk_refuses 1.0" in await (await client.http.get("/metrics")).text()
        resource.prlimit(logstream.process.pid, resource.RLIMIT_FSIZE, limits)
        assert_all_lines_once(await collect(client, job), 20_000)
    await logstream.until_ready()
    assert "disk_takes_logs_again" in logstream.log_file.read_text()


async def test_what_the_disk_has_lost_of_a_stored_log_is_shown_as_a_gap(bus: Bus, logstream: Logstream) -> None:
    records = logstream.records
    job = records.add_job(run := records.add_run())
    text = numbered(2000)
    await Sender(bus, run, job).send(*make_chunks(text, 5000))

    async def is_recorded() -> bool:
        rows = records.execute("SELECT bytes FROM logstream.logs WHERE job = %s AND is_complete", job)
        return rows == [(len(text),)]

    await until(is_recorded)
    logstream.end(signal.SIGKILL)
    path = logstream.state_dir / "logs" / run / f"{job}.1.log"
    with path.open("r+b") as file:
        file.truncate(20_000)
    logstream.start()
    await logstream.until_ready()
    async with Client(logstream.url) as client:

        async def is_shown() -> bool:
            return bool((await client.get(f"/api/v1/jobs/{job}/log", tail=1))["gaps"])

        await until(is_shown)
        events = await collect(client, job)
        assert events[-1].data["complete"]
        (gap,) = events[-1].data["gaps"]
        assert gap["missing_bytes"] == len(text) - 20_000
        assert [event.kind for event in events[-2:]] == ["gap", "end"]
        # It is the same after another start.
        logstream.end()
        logstream.start()
        await logstream.until_ready()
    async with Client(logstream.url) as client:
        assert (await collect(client, job))[-1].data["gaps"] == [gap]


async def test_a_second_process_waits_for_the_folder(logstream: Logstream) -> None:
    second = Logstream(logstream.state_dir, logstream.nats, logstream.records)
    second.start()
    try:

        async def is_waiting() -> bool:
            return "folder_belongs_to_another_process" in logstream.log_file.read_text()

        await until(is_waiting)
        logstream.end()
        await second.until_ready()
    finally:
        second.end()


async def test_an_order_to_end_is_obeyed_at_once_and_quietly(bus: Bus, logstream: Logstream) -> None:
    records = logstream.records
    job = records.add_job(run := records.add_run())
    async with Client(logstream.url) as client:
        stream = client.events(f"/api/v1/jobs/{job}/log/stream")
        first = asyncio.ensure_future(anext(stream))
        await Sender(bus, run, job).send(*make_chunks(numbered(10), 100, ends=False))
        assert (await first).kind == "line"
        assert await asyncio.to_thread(logstream.end) == 0
        assert [event async for event in stream] == []
    assert '"level": "error"' not in logstream.log_file.read_text()


async def _send_bit_by_bit(sender: Sender, chunks: list[LogChunk]) -> None:
    for first in range(0, len(chunks), 5):
        await sender.send(*chunks[first : first + 5])


async def _until_lines(logstream: Logstream, job: str, count: int) -> None:
    async with Client(logstream.url) as client:

        async def are_there() -> bool:
            return (await client.get(f"/api/v1/jobs/{job}/log", tail=1))["total"] >= count

        await until(are_there)
