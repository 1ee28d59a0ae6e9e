"""An attempt's directory: whole or not there, with one supervisor, without secrets."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tisktask_common.events import Change, Repository
from tisktask_common.ids import JobId, RepositoryId, RunId, TriggerId
from tisktask_common.lifecycle import JobKind, JobState
from tisktask_common.rpc import JobSpec, StopOrder
from tisktask_runner.attempt.directory import AttemptDirectory, AttemptRecord, Phase, create_attempt, unlocked_attempts
from tisktask_runner.attempt.interrupts import Interrupted, Interrupts
from tisktask_runner.engine.model import Pod

ORDER = StopOrder(job_id=JobId("job_1"), attempt=1, state=JobState.CANCELLED, reason="Enough.")


def record() -> AttemptRecord:
    spec = JobSpec(
        run_id=RunId("run_1"),
        run_number=1,
        job_id=JobId("job_1"),
        attempt=1,
        kind=JobKind.PROGRAM,
        name="build",
        repository=Repository(id=RepositoryId("repo_1"), forge="local", full_name="o/r"),
        trigger_id=TriggerId("trg_1"),
        delivery="d",
        payload_chunks=0,
        change=Change(event="push", sha="a" * 40, ref="refs/heads/main"),
        clone_url="/r",
        sealed_token="c2VjcmV0",
    )
    return AttemptRecord(spec=spec, claimed_at=datetime.now(UTC))


def create(jobs: Path) -> AttemptDirectory:
    made = create_attempt(jobs, record())
    assert made
    made[1].release()
    return made[0]


def test_an_attempt_has_one_supervisor_and_is_found_when_that_is_gone(tmp_path: Path) -> None:
    made = create_attempt(tmp_path, record())
    assert made
    assert list(unlocked_attempts(tmp_path)) == []
    made[1].release()
    [(found, lock)] = unlocked_attempts(tmp_path)
    assert found == made[0]
    assert list(unlocked_attempts(tmp_path)) == []
    lock.release()


def test_a_work_message_that_comes_twice_does_not_make_a_second_attempt(tmp_path: Path) -> None:
    create(tmp_path)
    assert create_attempt(tmp_path, record()) is None
    assert [path.name for path in tmp_path.iterdir()] == ["job_1.1"]


def test_what_is_kept_comes_back_but_no_secret_is_kept(tmp_path: Path) -> None:
    directory = create(tmp_path)
    assert directory.read_phase() is Phase.CLAIMED
    kept = directory.read_record()
    assert kept
    assert kept.ref == record().ref
    assert kept.spec.sealed_token is None
    assert "c2VjcmV0" not in (directory.path / "spec.json").read_text()
    pod = Pod("p", "c", None, directory.output_log)
    directory.write_pod(pod)
    directory.write_order(ORDER)
    directory.write_phase(Phase.BEGAN)
    assert directory.read_pod() == pod
    assert directory.read_order() == ORDER
    assert directory.read_phase() is Phase.BEGAN


def test_files_that_a_power_cut_has_emptied_start_nothing_again(tmp_path: Path) -> None:
    directory = create(tmp_path)
    for name in ("phase", "stop.json", "spec.json"):
        (directory.path / name).write_bytes(b"")
    assert directory.read_phase() is Phase.STARTED
    assert directory.read_order() is None
    assert directory.read_record() is None


def test_a_removed_attempt_is_gone_at_once_and_its_lock_means_nothing(tmp_path: Path) -> None:
    made = create_attempt(tmp_path, record())
    assert made
    made[0].remove()
    assert list(tmp_path.iterdir()) == []
    made[1].release()
    assert list(unlocked_attempts(tmp_path)) == []


async def test_the_first_order_counts_and_is_kept_before_it_is_obeyed() -> None:
    kept: list[StopOrder] = []
    interrupts = Interrupts(None, kept.append)
    work = asyncio.create_task(interrupts.guard(asyncio.sleep(60)))
    await asyncio.sleep(0)
    interrupts.stop(ORDER)
    interrupts.stop(ORDER.model_copy(update={"reason": "Another."}))
    assert isinstance(await work, Interrupted)
    assert kept == [ORDER]
    assert interrupts.order == ORDER


async def test_a_stop_order_is_not_of_the_business_of_work_that_only_a_fence_ends() -> None:
    interrupts = Interrupts(ORDER, lambda _: None)
    assert await interrupts.guard_from_fence(asyncio.sleep(0.01, "done")) == "done"
    interrupts.fence()
    assert isinstance(await interrupts.guard_from_fence(asyncio.sleep(60)), Interrupted)


async def test_an_error_of_the_work_is_raised() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await Interrupts(None, lambda _: None).guard(fail())


async def test_work_that_is_cancelled_from_outside_is_not_left_running() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    task = asyncio.create_task(Interrupts(None, lambda _: None).guard(work()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
