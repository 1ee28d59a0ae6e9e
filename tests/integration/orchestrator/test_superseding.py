"""Runs that newer ones make superfluous."""

from typing import Any

from orchestrator_stage import Stage, eventually
from tisktask_common.events import Repository, RunFinished
from tisktask_common.ids import JobId, RunId
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import RerunRun
from tisktask_common.repository_settings import ChangeRepository
from tisktask_common.rpc import AttemptRef
from tisktask_common.subjects import TRIGGERS_FOR_ORCHESTRATOR as CONSUMER

A, B, C = "a" * 40, "b" * 40, "c" * 40


async def push(stage: Stage, repository: Repository, sha: str, **change: Any) -> RunId:
    """Bring a push, and wait for what it does to older runs: until its trigger is acknowledged."""
    delivery = change.pop("delivery", f"{sha[0]}-{sorted(change.items())}")
    before = (await stage.bus.jetstream.stream_info(CONSUMER.stream)).state.last_seq
    trigger = await stage.trigger(repository, delivery, sha=sha, **change)

    async def is_handled() -> bool:
        info = await stage.bus.jetstream.consumer_info(CONSUMER.stream, CONSUMER.name)
        acknowledged = info.ack_floor.stream_seq if info.ack_floor else 0
        return acknowledged > before and info.num_ack_pending == 0

    await eventually(is_handled, "the trigger is handled")
    (row,) = await stage.rows("SELECT id FROM api.runs WHERE trigger_id = %s", trigger.trigger_id)
    return RunId(row["id"])


async def open_pull_request(stage: Stage, repository: Repository, sha: str, **change: Any) -> RunId:
    fields = {"event": "pull_request", "action": "synchronize", "pull_request": 7, "branch": "feature"} | change
    return await push(stage, repository, sha, **fields)


async def states(stage: Stage, *runs: RunId) -> list[str]:
    return [await stage.run_state(run) for run in runs]


async def add_with_branches(stage: Stage) -> Repository:
    repository = await stage.add_repository()
    await stage.bus.request(ChangeRepository(repository_id=repository.id, supersede_branches=True))
    return repository


async def test_a_new_commit_cancels_the_older_runs_of_its_pull_request(stage: Stage) -> None:
    repository = await stage.add_repository()
    first = await open_pull_request(stage, repository, A, action="opened")
    other = await open_pull_request(stage, repository, A, pull_request=8)
    second = await open_pull_request(stage, repository, B)
    assert await states(stage, first, other, second) == ["cancelled", "preparing", "preparing"]
    (row,) = await stage.rows("SELECT reason FROM api.runs WHERE id = %s", first)
    assert row["reason"] == "Superseded by run #3."
    finished = [event for event in await stage.events() if isinstance(event, RunFinished)]
    assert [(event.run_id, event.reason) for event in finished] == [(first, "Superseded by run #3.")]


async def test_what_a_runner_has_of_a_superseded_run_is_stopped_there(stage: Stage) -> None:
    repository = await stage.add_repository()
    runner = await stage.runner()
    first = await open_pull_request(stage, repository, A)
    preparation = await stage.next_work()
    await runner.claim(preparation)
    await runner.began(preparation)
    await open_pull_request(stage, repository, B)
    (order,) = (await runner.heartbeat(preparation)).stop
    assert (order.job_id, order.state, order.reason) == (preparation.job_id, "cancelled", "Superseded by run #2.")
    await runner.ended(preparation, JobState.FAILED, signal=15)
    await stage.wait_for_run(first, "cancelled")


async def test_pull_requests_can_be_left_alone(stage: Stage) -> None:
    repository = await stage.add_repository()
    await stage.bus.request(ChangeRepository(repository_id=repository.id, supersede_pull_requests=False))
    runs = [await open_pull_request(stage, repository, sha) for sha in (A, B)]
    assert await states(stage, *runs) == ["preparing", "preparing"]


async def test_pushes_to_a_branch_cancel_nothing_unless_that_is_wanted(stage: Stage) -> None:
    repository = await stage.add_repository()
    runs = [await push(stage, repository, sha) for sha in (A, B)]
    assert await states(stage, *runs) == ["preparing", "preparing"]
    await stage.bus.request(ChangeRepository(repository_id=repository.id, supersede_branches=True))
    elsewhere = await push(stage, repository, B, branch="other", ref="refs/heads/other")
    runs.append(await push(stage, repository, C))
    assert await states(stage, *runs, elsewhere) == ["cancelled", "cancelled", "preparing", "preparing"]


async def test_tags_other_events_and_other_repositories_are_left_alone(stage: Stage) -> None:
    repository = await add_with_branches(stage)
    elsewhere = await stage.add_repository("octo/elsewhere")
    await stage.bus.request(ChangeRepository(repository_id=elsewhere.id, supersede_branches=True))
    runs = [
        await push(stage, repository, A, event="tag", tag="v1", branch=None, ref="refs/tags/v1"),
        await push(stage, repository, A, event="release", branch="main"),
        await open_pull_request(stage, repository, A, branch="main"),
        await open_pull_request(stage, repository, A, action="labeled"),
        await push(stage, elsewhere, A),
        await push(stage, repository, B, event="tag", tag="v1", branch=None, ref="refs/tags/v1"),
        await push(stage, repository, B),
    ]
    assert set(await states(stage, *runs)) == {"preparing"}


async def test_another_run_of_the_same_commit_cancels_nothing(stage: Stage) -> None:
    repository = await stage.add_repository()
    runs = [await open_pull_request(stage, repository, A, action=action) for action in ("opened", "reopened")]
    assert await states(stage, *runs) == ["preparing", "preparing"]


async def test_a_branch_that_goes_back_to_a_commit_cancels_the_run_of_the_one_it_leaves(stage: Stage) -> None:
    repository = await add_with_branches(stage)
    runs = [
        await push(stage, repository, A, base_sha=C),
        await push(stage, repository, B, base_sha=A),
        await push(stage, repository, A, base_sha=B),
    ]
    assert await states(stage, *runs) == ["cancelled", "cancelled", "preparing"]


async def test_a_push_that_comes_after_its_successor_cancels_nothing(stage: Stage) -> None:
    repository = await add_with_branches(stage)
    newer = await push(stage, repository, B, base_sha=A)
    late = await push(stage, repository, A, base_sha=C)
    assert await states(stage, newer, late) == ["preparing", "preparing"]


async def test_a_trigger_that_comes_again_does_what_was_left_undone(stage: Stage) -> None:
    """As if the orchestrator had died between the new run and the end of the older one."""
    repository = await stage.add_repository()
    await stage.bus.request(ChangeRepository(repository_id=repository.id, supersede_pull_requests=False))
    first = await open_pull_request(stage, repository, A, delivery="one")
    second = await open_pull_request(stage, repository, B, delivery="two")
    assert await states(stage, first, second) == ["preparing", "preparing"]
    await stage.bus.request(ChangeRepository(repository_id=repository.id, supersede_pull_requests=True))
    assert await open_pull_request(stage, repository, B, delivery="two") == second
    assert await states(stage, first, second) == ["cancelled", "preparing"]


async def test_a_run_that_has_ended_stays_as_it_is(stage: Stage) -> None:
    repository = await stage.add_repository()
    runner = await stage.runner()
    first = await open_pull_request(stage, repository, A)
    preparation: AttemptRef = await stage.next_work()
    await runner.prepare(preparation)
    await stage.wait_for_run(first, "skipped")
    await open_pull_request(stage, repository, B)
    assert await stage.run_state(first) == "skipped"
    assert JobId((await stage.job(preparation))["id"]) == preparation.job_id


async def test_a_run_that_was_asked_for_again_neither_supersedes_nor_is_superseded(stage: Stage) -> None:
    repository = await stage.add_repository()
    runner = await stage.runner()
    first = await open_pull_request(stage, repository, A)
    await runner.prepare(await stage.next_work(), "test")
    await runner.run(await stage.next_work(), JobState.FAILED, exit_code=1)
    await stage.wait_for_run(first, "failed")
    second = await open_pull_request(stage, repository, B)
    again = await stage.bus.request(RerunRun(run_id=first, request_id="again"))
    assert await states(stage, second, again.run_id) == ["preparing", "preparing"]
    third = await open_pull_request(stage, repository, C)
    assert await states(stage, second, again.run_id, third) == ["cancelled", "preparing", "preparing"]
