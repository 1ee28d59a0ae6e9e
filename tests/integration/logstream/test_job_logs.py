"""Programs read the logs of their run's other jobs: who may, and how much."""

from typing import Any

import pytest

from logstream_chunks import RUNNER, Sender, make_chunk, numbered
from logstream_records import Records
from logstream_stand import Client, Logstream, collect
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.errors import NotFoundError, RefusedError, TisktaskError
from tisktask_common.ids import JobId
from tisktask_common.job_requests import LogTail, ReadJobLog
from tisktask_common.process.settings import BusSettings
from tisktask_common.rpc import Request


async def ask(shared: Logstream, request: Request[Any], user: str = f"runner-{RUNNER}") -> LogTail:
    bus = await connect(BusSettings(nats_url=shared.nats.url, nats_user=user), "test")
    try:
        return await bus.request(request)
    finally:
        await bus.close()


def read(job: str, target: str, tail: int = 10, **values: Any) -> ReadJobLog:
    asked = {"job_id": JobId(job), "attempt": 1, "runner": RUNNER, "target": JobId(target), "tail": tail}
    return ReadJobLog.model_validate(asked | values)


async def test_a_job_reads_the_last_lines_of_another_of_its_run(
    shared: Logstream, shared_bus: Bus, client: Client, records: Records
) -> None:
    run = records.add_run()
    job, other = records.add_job(run, "parent"), records.add_job(run, "child")
    text = numbered(2000)
    await Sender(shared_bus, run, other).send(make_chunk(0, text, is_last=True))
    await collect(client, other)
    tail = await ask(shared, read(job, other, tail=2))
    assert (tail.text, tail.lines_total, tail.is_complete) == (
        "line 1999 of the log\nline 2000 of the log\n",
        2000,
        True,
    )
    assert (await ask(shared, read(job, other, tail=100_000))).text.count("\n") == 1000
    assert await ask(shared, read(job, job)) == LogTail(text="", lines_total=0, is_complete=False)


@pytest.mark.parametrize("byte", [b"x", b"\x00", b"\xff", "語".encode()])
async def test_a_large_tail_is_cut_at_its_beginning(
    shared: Logstream, shared_bus: Bus, client: Client, records: Records, byte: bytes
) -> None:
    run = records.add_run()
    job, other = records.add_job(run, "parent"), records.add_job(run, "child")
    sender = Sender(shared_bus, run, other)
    block, offset = (byte * 999 + b"\n") * 100, 0
    for _ in range(10):
        await sender.write(block, offset)
        offset += len(block)
    await sender.write(b"the end", offset, is_last=True)
    await collect(client, other)
    tail = await ask(shared, read(job, other, tail=1000))
    assert tail.text.endswith("\nthe end\n")
    assert 50_000 < len(tail.model_dump_json().encode()) < 500_000


async def test_a_gap_is_told(shared: Logstream, shared_bus: Bus, client: Client, records: Records) -> None:
    run = records.add_run()
    job = records.add_job(run)
    await Sender(shared_bus, run, job).send(make_chunk(0, b"one\n"), make_chunk(104, b"two\n", is_last=True))
    await collect(client, job)
    assert (await ask(shared, read(job, job))).text == "one\n[100 bytes of the log are missing here]\ntwo\n"


async def test_who_does_not_hold_the_attempt_is_refused(shared: Logstream, records: Records) -> None:
    run = records.add_run()
    job = records.add_job(run)
    ended = records.add_job(run, "ended", state="failed")
    retried = records.add_job(run, "retried", attempt=2)
    records.insert("attempts", job_id=retried, attempt=1, runner=RUNNER, state="errored")
    queued_again = records.add_job(run, "again", state="queued")
    elsewhere = records.add_job(run, "elsewhere", runner="host-2")
    refused: list[tuple[ReadJobLog, str]] = [
        (read(job, job), "runner-host-2"),
        (read(job, job, runner="host-2"), "runner-host-2"),
        (read(elsewhere, job), f"runner-{RUNNER}"),
        (read(ended, job), f"runner-{RUNNER}"),
        (read(retried, job), f"runner-{RUNNER}"),
        (read(queued_again, job), f"runner-{RUNNER}"),
        (read(job, job, attempt=2), f"runner-{RUNNER}"),
        (read("job_none", job), f"runner-{RUNNER}"),
    ]
    for request, user in refused:
        with pytest.raises(RefusedError):
            await ask(shared, request, user)


async def test_jobs_of_other_runs_are_not_there(shared: Logstream, records: Records) -> None:
    job, other = records.add_job(records.add_run()), records.add_job(records.add_run())
    for target in (other, "job_none"):
        with pytest.raises(NotFoundError) as caught:
            await ask(shared, read(job, target))
        assert isinstance(caught.value, TisktaskError)
        assert target in caught.value.message
        assert "JOBLIST" in caught.value.message
