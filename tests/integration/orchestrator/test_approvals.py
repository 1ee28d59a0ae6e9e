"""Waiting runs are allowed, declined, overtaken, or forgotten by everybody: by orders and time."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import psycopg.sql
import pytest

from orchestrator_stage import Stage, eventually
from tisktask_common.approvals import ForkPolicy
from tisktask_common.errors import ConflictError, NotFoundError
from tisktask_common.events import RunFinished
from tisktask_common.ids import RunId
from tisktask_common.orders import CancelRun, RerunMode, RerunRun
from tisktask_common.repository_settings import ChangeRepository
from tisktask_common.run_deletion import DeleteRun
from tisktask_orchestrator.store.runs import list_open_triggers
from vetting_stage import TREE, A, B, Scene, set_scene_with_fork


@pytest.fixture
async def scene(stage: Stage) -> AsyncIterator[Scene]:
    yield await set_scene_with_fork(stage)


async def rerun(scene: Scene, run: RunId, request: str, actor: str = "ada", mode: RerunMode = RerunMode.ALL) -> RunId:
    order = RerunRun(run_id=run, mode=mode, actor=actor, request_id=request)
    return (await scene.stage.bus.request(order)).run_id


async def test_approving_twice_is_approving_once(scene: Scene) -> None:
    run = await scene.waiting_fork()
    answers = await asyncio.gather(*(scene.approve(run, actor) for actor in ("ada", "bob", "cleo")))
    assert all(answer.accepted for answer in answers)
    await scene.prepare()
    assert (await scene.approve(run)).accepted
    (approved,) = await scene.approvals()
    assert approved == (run, (await scene.trust(run))["decided_by"])


async def test_only_what_waits_can_be_allowed_or_declined(scene: Scene) -> None:
    run = await scene.fork("d1")
    for answer in (await scene.approve(run), await scene.decline(run)):
        assert (answer.accepted, "being looked at" in answer.reason) == (False, True)
    trusted = await scene.trigger("p1", actor="ada", ref="refs/heads/other", branch="other")
    assert trusted
    for answer in (await scene.approve(trusted), await scene.decline(trusted)):
        assert (answer.accepted, "preparing" in answer.reason) == (False, True)
    with pytest.raises(NotFoundError):
        await scene.approve(RunId("run_unknown"))


async def test_a_declined_run_ends_and_says_by_whom(scene: Scene) -> None:
    run = await scene.waiting_fork()
    assert (await scene.decline(run, "ada", "it mines coins")).accepted
    assert (await scene.decline(run, "ada")).accepted
    row = await scene.stage.wait_for_run(run, "skipped")
    assert row["reason"] == "Declined by ada: it mines coins"
    trust = await scene.trust(run)
    assert (trust["state"], trust["decided_by"], trust["note"]) == ("declined", "ada", "it mines coins")
    assert not (await scene.approve(run)).accepted
    (finished,) = [event for event in await scene.stage.events() if isinstance(event, RunFinished)]
    assert (finished.is_refused, finished.jobs_by_state) == (True, {})


async def test_a_push_after_the_approval_asks_again(scene: Scene) -> None:
    first = await scene.waiting_fork("d1", sha=A)
    await scene.approve(first)
    second = await scene.fork("d2", sha=B, action="synchronize")
    await scene.stage.wait_for_run(first, "cancelled")
    # The older run's preparation was put on the work stream before.
    await scene.stage.next_work()
    await scene.inspect()
    await scene.stage.wait_for_run(second, "awaiting_approval")
    assert (await scene.trust(second))["decided_by"] == ""


async def test_a_newer_commit_or_a_person_cancels_a_waiting_run(scene: Scene) -> None:
    first = await scene.waiting_fork("d1", sha=A)
    second = await scene.fork("d2", sha=B, action="synchronize")
    row = await scene.stage.wait_for_run(first, "cancelled")
    assert row["reason"] == "Superseded by run #2."
    assert (await scene.trust(first))["state"] == "not_needed"
    assert not (await scene.approve(first)).accepted
    # It is being looked at still: that ends, too.
    await scene.stage.bus.request(CancelRun(run_id=second, actor="ada"))
    await scene.stage.wait_for_run(second, "cancelled")


async def test_approval_and_overtaking_at_the_same_moment_leave_no_run_behind(scene: Scene) -> None:
    for number in range(4):
        first = await scene.waiting_fork(f"a{number}", sha=A, pull_request=50 + number)
        _, second = await asyncio.gather(
            scene.approve(first), scene.fork(f"b{number}", sha=B, action="synchronize", pull_request=50 + number)
        )
        await scene.stage.wait_for_run(first, "cancelled")
        # Of the first, work was offered too if it was approved before it was overtaken; in whichever order.
        await scene.stage.wait_for_empty_outbox()
        offered = [await scene.stage.job(await scene.stage.next_work()) for _ in range(await scene.stage.work_left())]
        assert {job["run_id"] for job in offered} - {first} == {second}


async def test_allowing_declining_and_cancelling_at_the_same_moment_has_one_outcome(scene: Scene) -> None:
    for number in range(4):
        run = await scene.waiting_fork(f"d{number}", pull_request=60 + number)
        cancel = scene.stage.bus.request(CancelRun(run_id=run, actor="cleo"))
        approved, declined, cancelled = await asyncio.gather(
            scene.approve(run, "ada"), scene.decline(run, "bob"), cancel
        )
        assert (declined.accepted, approved.accepted and declined.accepted) == (not cancelled.accepted, False)
        await scene.stage.wait_for_run(run, "skipped" if declined.accepted else "cancelled")
        assert (run in [one for one, _ in await scene.approvals()]) == approved.accepted
        if approved.accepted:
            await scene.stage.next_work()


async def test_what_nobody_allows_in_time_is_skipped_and_time_does_not_count_while_it_waits(scene: Scene) -> None:
    run = await scene.waiting_fork("d1")
    other = await scene.waiting_fork("d2", pull_request=8)
    await scene.stage.rows("UPDATE orchestrator.runs SET created_at = now() - interval '13 days'")
    await scene.stage.rows(
        "UPDATE orchestrator.vettings SET held_at = now() - interval '15 days' WHERE run_id = %s", other
    )
    row = await scene.stage.wait_for_run(other, "skipped")
    assert row["reason"] == "Nobody has approved it within 14 days."
    assert (await scene.trust(other))["state"] == "expired"
    assert await scene.stage.run_state(run) == "awaiting_approval"
    with pytest.raises(ConflictError):
        await scene.stage.bus.request(DeleteRun(run_id=run))
    await scene.approve(run)
    await scene.prepare()
    await scene.finish()
    await scene.stage.wait_for_run(run, "succeeded")
    durations = {
        event.run_id: event.duration_seconds for event in await scene.stage.events() if isinstance(event, RunFinished)
    }
    assert durations[run] < 3600


async def test_a_run_that_comes_to_wait_just_when_its_time_is_over_can_still_be_allowed(scene: Scene) -> None:
    run = await scene.waiting_fork()
    almost_seconds = scene.stage.settings.run_seconds_max - 0.3
    # Its time is over while somebody decides about it, so who looks for such runs has to wait, and finds it held.
    query = psycopg.sql.SQL("""
        BEGIN;
        UPDATE orchestrator.runs SET state = 'staged', created_at = now() - make_interval(secs => {seconds}) WHERE id = {run};
        COMMIT;
        BEGIN;
        SELECT FROM orchestrator.runs WHERE id = {run} FOR UPDATE
    """).format(run=psycopg.sql.Literal(run), seconds=psycopg.sql.Literal(almost_seconds))
    async with await psycopg.AsyncConnection.connect(scene.stage.database_url, autocommit=True) as connection:
        await connection.execute(query)

        async def is_waited_for() -> bool:
            return bool(await scene.stage.rows("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))

        await eventually(is_waited_for, "somebody wants to stop the run")
        await connection.execute("UPDATE orchestrator.runs SET state = 'awaiting_approval' WHERE id = %s", [run])
        await connection.execute("COMMIT")
    answer = await scene.approve(run)
    assert answer.accepted, answer.reason


async def test_of_one_pull_request_only_so_many_runs_wait(scene: Scene) -> None:
    for number in range(20):
        await scene.waiting_fork(f"d{number}", action="edited")
    run = await scene.fork("one-more", action="edited")
    await scene.inspect()
    row = await scene.stage.wait_for_run(run, "skipped")
    assert "20 runs of this pull request wait" in row["reason"]


async def test_payloads_of_waiting_runs_are_kept_no_longer_than_others(scene: Scene) -> None:
    waiting = await scene.waiting_fork("d1")
    await scene.fork("d2", pull_request=8)
    async with await psycopg.AsyncConnection.connect(scene.stage.database_url) as connection:
        open_triggers = await list_open_triggers(connection)
    (row,) = await scene.stage.rows("SELECT trigger_id FROM api.runs WHERE id = %s", waiting)
    assert len(open_triggers) == 1
    assert row["trigger_id"] not in open_triggers


async def test_an_approved_run_is_run_again_by_who_wants_it_again(scene: Scene) -> None:
    run = await scene.waiting_fork("d1")
    await scene.approve(run, "ada")
    await scene.prepare("build", "test")
    for state in ("succeeded", "failed"):
        await scene.runner.run(await scene.stage.next_work(), state, exit_code=int(state == "failed"))
    await scene.stage.wait_for_run(run, "failed")
    again = await rerun(scene, run, "r1", "bob")
    spec = await scene.prepare()
    assert (spec.run_id, spec.is_restricted, spec.cache_scope, spec.approved_tree) == (again, True, "pr-7", TREE)
    trust = await scene.trust(again)
    assert (trust["state"], trust["decided_by"], trust["programs_tree"]) == ("approved", "bob", TREE)
    await scene.stage.next_work()
    part = await rerun(scene, run, "r2", "cleo", RerunMode.FAILED)
    grant = await scene.runner.claim(await scene.stage.next_work())
    assert grant.spec
    assert (grant.spec.run_id, grant.spec.name, grant.spec.is_restricted) == (part, "test", True)


async def test_a_run_that_was_never_approved_is_vetted_anew(scene: Scene) -> None:
    declined = await scene.waiting_fork("d1")
    await scene.decline(declined)
    cancelled = await scene.waiting_fork("d2", pull_request=8)
    await scene.stage.bus.request(CancelRun(run_id=cancelled, actor="ada"))
    for number, run in enumerate((declined, cancelled)):
        for mode in RerunMode:
            again = await rerun(scene, run, f"r{number}-{mode}", mode=mode)
            assert await scene.stage.run_state(again) == "staged"
            assert (await scene.inspect()).run_id == again
            await scene.stage.wait_for_run(again, "awaiting_approval")


async def test_a_restricted_run_is_repeated_freely_only_as_long_as_the_setting_allows_it(scene: Scene) -> None:
    policy = ChangeRepository(repository_id=scene.repository.id, forks=ForkPolicy.WITHOUT_SECRETS)
    await scene.stage.bus.request(policy)
    run = await scene.fork("d1")
    await scene.inspect()
    await scene.prepare("build", "test")
    for state in ("succeeded", "failed"):
        await scene.runner.run(await scene.stage.next_work(), state, exit_code=int(state == "failed"))
    await scene.stage.wait_for_run(run, "failed")
    await rerun(scene, run, "r1", mode=RerunMode.FAILED)
    grant = await scene.runner.claim(await scene.stage.next_work())
    assert grant.spec
    assert (grant.spec.name, grant.spec.is_restricted, grant.spec.cache_scope) == ("test", True, "pr-7")
    await scene.stage.bus.request(policy.model_copy(update={"forks": ForkPolicy.ASK}))
    again = await rerun(scene, run, "r2", mode=RerunMode.FAILED)
    assert await scene.stage.run_state(again) == "staged"
