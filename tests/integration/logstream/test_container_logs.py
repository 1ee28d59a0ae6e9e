"""Logs of containers beside a job: stored, recorded, read and purged apart from the job's own."""

import asyncio
import signal

import pytest

from logstream_chunks import RUNNER, Sender, make_chunk, make_chunks, numbered
from logstream_records import Records
from logstream_stand import Client, Logstream, until, whole_lines
from tisktask_common.bus.connection import Bus
from tisktask_common.ids import JobId, RunId
from tisktask_common.subjects import log_subject


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


@pytest.mark.parametrize(("ended", "open_one"), [("", "postgres"), ("postgres", "")])
async def test_the_end_of_one_log_leaves_the_messages_of_the_others_on_the_bus(
    shared_bus: Bus, records: Records, ended: str, open_one: str
) -> None:
    job = records.add_job(run := records.add_run())
    text = numbered(10)

    async def subjects() -> set[str]:
        info = await shared_bus.jetstream.stream_info("LOGS", subjects_filter=f"log.*.{run}.>")
        return set(info.state.subjects or {})

    async def is_purged() -> bool:
        return await subjects() == {log_subject(RUNNER, RunId(run), JobId(job), 1, open_one)}

    await Sender(shared_bus, run, job, container=ended).send(*make_chunks(text, 50, ends=False))
    await Sender(shared_bus, run, job, container=open_one).send(*make_chunks(text, 50, ends=False))
    assert len(await subjects()) == 2
    await Sender(shared_bus, run, job, container=ended, sent=100).send(make_chunk(len(text), b"", is_last=True))
    await until(is_purged)
    statement = "SELECT container FROM logstream.logs WHERE job = %s AND is_complete"
    assert records.execute(statement, job) == [(ended,)]


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

    async def is_recorded(lines: int, *, is_complete: bool) -> bool:
        statement = "SELECT lines, is_complete FROM logstream.logs WHERE job = %s AND container = 'postgres'"
        return records.execute(statement, job) == [(lines, is_complete)]

    await until(lambda: is_recorded(1, is_complete=False))
    await asyncio.to_thread(logstream.end, signal.SIGKILL)
    records.execute("DELETE FROM logstream.logs")
    logstream.start()
    await logstream.until_ready()
    await until(lambda: is_recorded(1, is_complete=False))
    await sender.send(make_chunk(4, b"two\n", is_last=True))
    await until(lambda: is_recorded(2, is_complete=True))
