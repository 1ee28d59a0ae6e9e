"""Logs of containers beside a job: stored, recorded, read and purged apart from the job's own."""

import asyncio

from logstream_chunks import Sender, make_chunk, make_chunks, numbered
from logstream_records import Records
from logstream_stand import Client, Logstream, until, whole_lines
from tisktask_common.bus.connection import Bus


async def test_each_container_has_a_log_that_is_read_like_the_jobs(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    for container in ("", "postgres", "redis"):
        sender = Sender(shared_bus, run, job, container=container)
        await sender.send(make_chunk(0, f"one {container}\ntwo {container}\n".encode(), is_last=True))
    path = f"/api/v1/jobs/{job}/log"
    stream = client.events(f"{path}/stream?container=postgres")
    await until_stored(client, path, "postgres")
    assert whole_lines([event async for event in stream]) == [(1, "one postgres"), (2, "two postgres")]
    page = await client.get(path, container="redis", tail=1)
    assert (page["lines"][0]["text"], page["container"], page["total"]) == ("two redis", "redis", 2)
    assert (await client.get(path, from_line=2))["lines"][0]["text"] == "two "
    async with client.http.get(path, params={"container": "postgres"}) as answer:
        assert await answer.read() == b"one postgres\ntwo postgres\n"
    shown = await client.get(f"/api/v1/jobs/{job}")
    assert shown["containers"] == [{"name": "postgres", "attempt": 1}, {"name": "redis", "attempt": 1}]


async def until_stored(client: Client, path: str, container: str) -> None:
    async def is_there() -> bool:
        async with client.http.get(path, params={"container": container}) as answer:
            return answer.status == 200

    await until(is_there)


async def test_a_container_that_there_is_not_is_told(client: Client, records: Records) -> None:
    job = records.add_job(records.add_run())
    for path in (f"/api/v1/jobs/{job}/log?container=mysql", f"/api/v1/jobs/{job}/log/stream?container=mysql"):
        status, code, message = await client.status_and_error("GET", path)
        assert (status, code) == (404, "not_found")
        assert "mysql" in message
    for name in ("../x", "a.b", "A", "-x", "x" * 33, "x%0a"):
        path = f"/api/v1/jobs/{job}/log?container={name}"
        assert (await client.status_and_error("GET", path))[0] == 400


async def test_the_end_of_one_log_leaves_the_messages_of_the_others_on_the_bus(bus: Bus, logstream: Logstream) -> None:
    records = logstream.records
    job = records.add_job(run := records.add_run())
    text = numbered(10)

    async def subjects() -> set[str]:
        info = await bus.jetstream.stream_info("LOGS", subjects_filter=f"log.*.{run}.>")
        return set(info.state.subjects or {})

    async def is_recorded(container: str) -> bool:
        statement = "SELECT is_complete FROM logstream.logs WHERE job = %s AND container = %s"
        return records.execute(statement, job, container) == [(True,)]

    own, beside = f"log.host-1.{run}.{job}.1", f"log.host-1.{run}.{job}.1.postgres"
    await Sender(bus, run, job).send(*make_chunks(text, 50, ends=False))
    await Sender(bus, run, job, container="postgres").send(*make_chunks(text, 50))
    await until(lambda: is_recorded("postgres"))
    await until(lambda: _equals(subjects, {own}))
    await Sender(bus, run, job, container="postgres", sent=100).send(make_chunk(0, text[:50]))
    await Sender(bus, run, job, sent=100).send(make_chunk(len(text), b"", is_last=True))
    await until(lambda: is_recorded(""))
    await until(lambda: _equals(subjects, {beside}))


async def _equals(ask: object, expected: set[str]) -> bool:
    return await ask() == expected  # type: ignore[operator]


async def test_a_host_can_not_write_into_the_containers_of_anothers_job(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    false = Sender(shared_bus, run, job, runner="intruder", container="postgres")
    await false.send(make_chunk(0, b"false\n", is_last=True))
    await Sender(shared_bus, run, job, container="postgres", sent=100).send(make_chunk(0, b"true\n", is_last=True))
    path = f"/api/v1/jobs/{job}/log"
    await until_stored(client, path, "postgres")
    events = [event async for event in client.events(f"{path}/stream?container=postgres")]
    assert whole_lines(events) == [(1, "true")]


async def test_after_a_restart_logs_of_containers_are_recorded_as_far_as_they_came(
    bus: Bus, logstream: Logstream
) -> None:
    records = logstream.records
    job = records.add_job(run := records.add_run())
    sender = Sender(bus, run, job, container="postgres")
    await sender.send(make_chunk(0, b"one\n"))

    async def figures() -> list[tuple[int, bool]]:
        statement = "SELECT lines, is_complete FROM logstream.logs WHERE job = %s AND container = 'postgres'"
        return records.execute(statement, job)  # type: ignore[return-value]

    await until(lambda: _is(figures, [(1, False)]))
    await asyncio.to_thread(logstream.end, 9)
    records.execute("DELETE FROM logstream.logs")
    logstream.start()
    await logstream.until_ready()
    await until(lambda: _is(figures, [(1, False)]))
    await sender.send(make_chunk(4, b"two\n", is_last=True))
    await until(lambda: _is(figures, [(2, True)]))


async def _is(ask: object, expected: list[tuple[int, bool]]) -> bool:
    return await ask() == expected  # type: ignore[operator]
