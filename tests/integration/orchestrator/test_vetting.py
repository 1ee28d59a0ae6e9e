"""Runs of forks, and by people who may not write: looked at first, then held, run or refused."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator_stage import Stage
from tisktask_common.approvals import ForkPolicy
from tisktask_common.events import Change, JobCreated, RunApproved, RunCreated, RunFinished, RunHeld
from tisktask_common.job_requests import TakeLock
from tisktask_common.repository_settings import ChangeRepository
from tisktask_common.rpc import Program
from vetting_stage import TREE, Scene, set_scene

A, B = "a" * 40, "b" * 40


@pytest.fixture
async def scene(stage: Stage) -> AsyncIterator[Scene]:
    yield await set_scene(stage)


async def set_policy(scene: Scene, policy: ForkPolicy) -> None:
    settings = await scene.stage.bus.request(ChangeRepository(repository_id=scene.repository.id, forks=policy))
    assert settings.forks is policy


async def test_a_forks_run_is_looked_at_waits_is_approved_and_runs_apart(scene: Scene) -> None:
    run = await scene.fork("d1")
    assert await scene.stage.run_state(run) == "staged"
    assert (await scene.trust(run))["state"] == "inspected"
    spec = await scene.inspect("build", "test", changes=True)
    assert (spec.is_restricted, spec.cache_scope, spec.approved_tree) == (True, "pr-7", "")
    row = await scene.stage.wait_for_run(run, "awaiting_approval")
    assert "comes from a fork" in row["reason"]
    trust = await scene.trust(run)
    held = {name: trust[name] for name in ("is_restricted", "state", "programs", "programs_tree", "changes_programs")}
    assert held == {
        "is_restricted": True,
        "state": "waiting",
        "programs": ["build", "test"],
        "programs_tree": TREE,
        "changes_programs": True,
    }
    assert trust["held_at"]
    assert scene.asked == []
    assert (await scene.approve(run, "ada")).accepted
    spec = await scene.prepare()
    assert (spec.is_restricted, spec.cache_scope, spec.approved_tree) == (True, "pr-7", TREE)
    work = await scene.stage.next_work()
    program = await scene.runner.claim(work)
    assert program.spec
    assert (program.spec.is_restricted, program.spec.cache_scope, program.spec.sealed_token) == (True, "pr-7", None)
    await scene.runner.began(work)
    await scene.runner.ended(work, "succeeded")
    await scene.stage.wait_for_run(run, "succeeded")
    trust = await scene.trust(run)
    assert (trust["state"], trust["decided_by"]) == ("approved", "ada")
    (created, held_event, approved) = await scene.told(RunCreated, RunHeld, RunApproved)
    assert (created.state, created.is_restricted) == ("staged", True)
    assert (held_event.state, held_event.jobs) == ("awaiting_approval", ["build", "test"])
    assert (approved.state, approved.approved_by) == ("preparing", "ada")
    assert [event.name for event in await scene.told(JobCreated)] == ["inspect", "prepare", "build"]


async def test_what_is_prepared_must_be_what_was_approved(scene: Scene) -> None:
    run = await scene.waiting_fork()
    await scene.approve(run)
    other = "9" * 40
    await scene.prepare(tree=other)
    row = await scene.stage.wait_for_run(run, "failed")
    assert TREE in row["reason"]
    assert other in row["reason"]
    assert [event.name for event in await scene.told(JobCreated)] == ["inspect", "prepare"]


async def test_an_older_runner_gets_neither_an_inspection_nor_a_job_of_a_restricted_run(scene: Scene) -> None:
    run = await scene.fork("d1")
    work = await scene.stage.next_work()
    refused = await scene.runner.claim(work, can_restrict=False)
    assert (refused.granted, "too old" in refused.reason) == (False, True)
    assert (await scene.runner.claim(work)).granted
    await scene.runner.began(work)
    await scene.end_inspection(work)
    await scene.stage.wait_for_run(run, "awaiting_approval")
    await scene.approve(run)
    assert not (await scene.runner.claim(await scene.stage.next_work(), can_restrict=False)).granted


async def test_where_there_is_nothing_to_run_nobody_is_asked(scene: Scene) -> None:
    run = await scene.fork("d1")
    work = await scene.stage.next_work()
    nothing = {"programs": [], "programs_tree": TREE}
    await scene.runner.run(work, prepared=nothing)
    row = await scene.stage.wait_for_run(run, "skipped")
    assert "no executable file" in row["reason"]
    filtered = await scene.fork("d2", sha=B)
    program = Program(name="build", path=".tisktask/pull_request/build", skip_reason="nothing of it has changed")
    told = {"programs": [program], "programs_tree": TREE, "changes_programs": False}
    await scene.runner.run(await scene.stage.next_work(), prepared=told)
    await scene.stage.wait_for_run(filtered, "skipped")
    (job,) = await scene.stage.rows("SELECT state FROM api.jobs WHERE run_id = %s AND kind = 'program'", filtered)
    assert job["state"] == "skipped"
    finished = await scene.told(RunFinished)
    assert [event.is_refused for event in finished] == [False, False]


@pytest.mark.parametrize(("is_filtered", "changes"), [(True, True), (True, None), (False, True)])
async def test_what_the_change_itself_may_have_filtered_or_taken_out_is_not_skipped_before_somebody_allows_it(
    scene: Scene, is_filtered: bool, changes: bool | None
) -> None:
    """Most forges take what is skipped for passed."""
    filtered = [Program(name="build", path=".tisktask/pull_request/build", skip_reason="nothing of it has changed")]
    told = {"programs": filtered if is_filtered else [], "programs_tree": TREE if is_filtered else ""}
    run = await scene.fork("d1")
    await scene.runner.run(await scene.stage.next_work(), prepared=told | {"changes_programs": changes})
    await scene.stage.wait_for_run(run, "awaiting_approval")
    assert await scene.told(RunFinished) == []
    assert (await scene.approve(run)).accepted
    await scene.runner.run(await scene.stage.next_work(), prepared=told)
    await scene.stage.wait_for_run(run, "skipped")
    (finished,) = await scene.told(RunFinished)
    assert not finished.is_refused


async def test_programs_without_a_name_for_what_they_are_can_not_be_allowed(scene: Scene) -> None:
    run = await scene.fork("d1")
    await scene.inspect(tree="")
    row = await scene.stage.wait_for_run(run, "errored")
    assert "nobody could allow them" in row["reason"]


@pytest.mark.parametrize("state", ["failed", "errored", "timed_out"])
async def test_an_inspection_that_ends_badly_ends_the_run(scene: Scene, state: str) -> None:
    run = await scene.fork("d1")
    await scene.runner.run(await scene.stage.next_work(), state, reason="The commit is gone.")
    row = await scene.stage.wait_for_run(run, state)
    assert row["reason"] == "The commit is gone."


async def test_who_pushes_here_is_trusted_and_who_does_not_is_asked_about(scene: Scene) -> None:
    await scene.trigger("p1", actor="Ada")
    await scene.stage.next_work()
    run = await scene.pull_request("d1", actor="ada")
    assert await scene.stage.run_state(run) == "preparing"
    assert await scene.stage.rows("SELECT run_id FROM api.run_trust WHERE run_id = %s", run) == []
    assert scene.asked == []
    await scene.stage.next_work()
    scene.writers.add("bob")
    asked = await scene.pull_request("d2", actor="bob", pull_request=8)
    assert await scene.stage.run_state(asked) == "staged"
    await scene.inspect()
    spec = await scene.prepare()
    assert (spec.is_restricted, spec.cache_scope, spec.approved_tree) == (False, "", "")
    assert (await scene.trust(asked))["state"] == "not_needed"
    assert scene.asked == ["bob"]
    await scene.stage.next_work()
    again = await scene.pull_request("d3", actor="BOB", pull_request=9)
    assert await scene.stage.run_state(again) == "preparing"


async def test_whom_the_forge_denies_is_restricted_at_the_repositorys_own_commits_too(scene: Scene) -> None:
    run = await scene.pull_request("d1", actor="eve")
    await scene.inspect()
    row = await scene.stage.wait_for_run(run, "awaiting_approval")
    assert "@eve may not write" in row["reason"]
    assert (await scene.trust(run))["is_restricted"]


async def test_who_has_lost_the_right_is_not_trusted_for_an_old_push(scene: Scene) -> None:
    # A delivery that is handled late is as old as it is.
    await scene.trigger("p1", actor="eve", time=datetime.now(UTC) - timedelta(days=1))
    await scene.stage.next_work()
    run = await scene.comment("c1", "/deploy", is_fork=False, base_branch="main", actor="eve")
    assert run
    await scene.inspect()
    await scene.stage.wait_for_run(run, "awaiting_approval")
    later = await scene.pull_request("d2", actor="eve")
    assert await scene.stage.run_state(later) == "staged"


async def test_where_it_can_not_be_told_own_commits_are_trusted_and_commands_are_not(scene: Scene) -> None:
    scene.problem, scene.is_refused = "the token may not ask", True
    run = await scene.pull_request("d1", actor="eve")
    await scene.inspect()
    assert not (await scene.prepare()).is_restricted
    assert await scene.stage.run_state(run) == "running"
    await scene.stage.next_work()
    command = await scene.comment("c1", "/deploy", is_fork=False, base_branch="main", actor="eve")
    assert command
    await scene.inspect()
    row = await scene.stage.wait_for_run(command, "awaiting_approval")
    assert "the token may not ask" in row["reason"]


async def test_a_forge_that_is_away_is_asked_again(scene: Scene) -> None:
    scene.problem = "the forge is not available (503)"
    scene.writers.add("bob")
    run = await scene.pull_request("d1", actor="bob")
    await scene.inspect()
    await scene.wait_for_note(run, "503")
    scene.problem = ""
    await scene.stage.rows("UPDATE orchestrator.vettings SET next_at = now()")
    assert not (await scene.prepare()).is_restricted
    assert (await scene.trust(run))["note"] == ""


async def test_the_head_of_a_command_is_asked_for_and_only_the_same_commit_counts(scene: Scene) -> None:
    scene.writers.add("ada")
    own = Change(event="", sha=A, ref="refs/pull/7/head", base_branch="main")
    scene.pulls[7] = own
    run = await scene.comment("c1", "/deploy", sha=A, actor="ada")
    assert run
    await scene.inspect()
    assert not (await scene.prepare()).is_restricted
    (row,) = await scene.stage.rows("SELECT change FROM orchestrator.runs WHERE id = %s", run)
    assert row["change"]["is_fork"] is False
    assert scene.asked == ["#7", "ada"]
    await scene.stage.next_work()
    for number, pull in enumerate((own.model_copy(update={"sha": B}), own.model_copy(update={"is_fork": True}), None)):
        scene.pulls = {7: pull} if pull else {}
        run = await scene.comment(f"more-{number}", "/deploy", sha=A, actor="ada")
        assert run
        await scene.inspect()
        await scene.stage.wait_for_run(run, "awaiting_approval")
        assert (await scene.trust(run))["why"] == "The commit comes from a fork."


async def test_never_means_never(scene: Scene) -> None:
    await set_policy(scene, ForkPolicy.NEVER)
    run = await scene.fork("d1")
    await scene.inspect()
    row = await scene.stage.wait_for_run(run, "skipped")
    assert "never" in row["reason"]
    assert (await scene.trust(run))["state"] == "declined"
    (finished,) = await scene.told(RunFinished)
    assert finished.is_refused


async def test_without_secrets_it_runs_at_once_and_apart(scene: Scene) -> None:
    await set_policy(scene, ForkPolicy.WITHOUT_SECRETS)
    run = await scene.fork("d1")
    await scene.inspect()
    spec = await scene.prepare()
    assert (spec.is_restricted, spec.cache_scope) == (True, "pr-7")
    trust = await scene.trust(run)
    assert (trust["state"], trust["is_restricted"]) == ("not_needed", True)
    (policy,) = await scene.stage.rows("SELECT forks FROM api.repository_trust")
    assert policy["forks"] == "without_secrets"


async def test_first_timers_are_asked_about_once_unless_they_change_the_programs(scene: Scene) -> None:
    await set_policy(scene, ForkPolicy.FIRST_TIMERS)
    first = await scene.waiting_fork("d1", actor="Grace")
    await scene.approve(first)
    await scene.prepare()
    await scene.stage.next_work()
    again = await scene.fork("d2", actor="grace", pull_request=8)
    await scene.inspect(changes=False)
    assert (await scene.prepare()).is_restricted
    assert (await scene.trust(again))["state"] == "not_needed"
    await scene.stage.next_work()
    cases = (("grace", True, "opened"), ("grace", None, "opened"), ("mallory", False, "opened"))
    # Who labels or reopens the change of somebody else does not vouch for it.
    others = (("grace", False, "labeled"), ("grace", False, "reopened"))
    for number, (actor, changes, action) in enumerate((*cases, *others)):
        run = await scene.fork(f"more-{number}", actor=actor, action=action, pull_request=20 + number)
        await scene.inspect(changes=changes)
        await scene.stage.wait_for_run(run, "awaiting_approval")


async def test_locks_of_restricted_runs_are_their_own(scene: Scene) -> None:
    await scene.trigger("p1", actor="ada")
    await scene.prepare("deploy")
    trusted = await scene.stage.next_work()
    run = await scene.waiting_fork("d1")
    await scene.approve(run)
    await scene.prepare("deploy", "other")
    restricted = [await scene.stage.next_work() for _ in range(2)]
    taken = []
    for work in (trusted, *restricted):
        assert (await scene.runner.claim(work)).granted
        await scene.runner.began(work)
        request = TakeLock(
            job_id=work.job_id, attempt=work.attempt, runner=scene.runner.name, name="deploy", is_waiting=False
        )
        taken.append((await scene.runner.bus.request(request)).is_taken)
    assert taken == [True, True, False]
