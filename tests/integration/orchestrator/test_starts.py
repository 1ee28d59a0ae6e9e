"""Runs that a person asks for: of a branch, a tag, a commit; with inputs; once for each request."""

import asyncio
from typing import Any

import pytest

from nats_server import NatsServer
from orchestrator_family import ActingJob, begin_child
from orchestrator_looks import next_look, runs_of, sha, tell
from orchestrator_stage import SHA, Stage, eventually, staging
from orchestrator_starts import last_run, see, start, start_rows, wait_for_starts
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import ConflictError, NotFoundError, UserError
from tisktask_common.events import RunCreated
from tisktask_common.ids import RepositoryId, RunId
from tisktask_common.orders import RerunMode, RerunRun
from tisktask_common.repository_settings import ChangeRepository
from tisktask_common.rpc import RemoveRepository

REFS: list[tuple[str | None, dict[str, Any], str]] = [
    (None, {"ref": "refs/heads/main", "branch": "main", "tag": None, "default_branch": "main"}, sha("a")),
    ("release/1", {"ref": "refs/heads/release/1", "branch": "release/1", "tag": None}, sha("b")),
    ("refs/heads/main", {"ref": "refs/heads/main", "branch": "main", "tag": None}, sha("a")),
    ("v1", {"ref": "refs/tags/v1", "branch": None, "tag": "v1"}, sha("c")),
]


async def test_a_ref_becomes_a_run_of_what_it_leads_to(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    for number, (ref, _, _) in enumerate(REFS):
        made = await start(stage, repository, f"q{number}", ref=ref, action="deploy")
        waiting = (await start_rows(stage, repository))[-1]
        assert (waiting["id"], waiting["state"], waiting["run_id"], made.is_new) == (
            made.start_id,
            "waiting",
            None,
            True,
        )
    await see(runner, repository)
    for number, (run, (_, expected, commit)) in enumerate(zip(await runs_of(stage, repository), REFS, strict=True)):
        assert expected.items() <= run["change"].items()
        assert (run["sha"], run["origin"], run["delivery"]) == (commit, "manual", f"manual:q{number}")
        assert (run["change"]["event"], run["change"]["action"], run["change"]["actor"]) == ("manual", "deploy", "ada")
    started = (await start_rows(stage, repository))[0]
    assert (started["state"], started["run_number"], started["run_state"]) == ("started", 1, "preparing")


async def test_a_named_commit_begins_at_once_without_a_look(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await start(stage, repository, sha=SHA)
    await start(stage, repository, "r", sha=SHA, ref="main", event="push")
    alone, named = await runs_of(stage, repository)
    assert (alone["sha"], alone["change"]["ref"], alone["change"]["branch"]) == (SHA, "", None)
    assert (named["change"]["event"], named["change"]["branch"]) == ("push", "main")
    assert [row["state"] for row in await start_rows(stage, repository)] == ["started", "started"]
    await runner.prepare(await stage.next_work(), "build")


async def test_inputs_come_to_jobs_to_their_children_to_reruns_and_into_the_event(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    inputs = {"target": "production", "dry-run": "", "text": 'two\nlines "quoted" \u00e4 \U0001f600'}
    await start(stage, repository, sha=SHA, inputs=inputs)
    await runner.prepare(await stage.next_work(), "build")
    work = await stage.next_work()
    grant = await runner.claim(work)
    assert grant.spec and grant.spec.inputs == inputs
    assert (await runner.began(work)).accepted
    child = await begin_child(runner, await ActingJob(runner, work).spawn())
    await stage.next_work()
    again = await runner.claim(child.work)
    assert again.spec and again.spec.inputs == inputs
    for job in (child, ActingJob(runner, work)):
        await job.end()
    (run,) = await stage.rows("SELECT id FROM api.runs")
    await stage.wait_for_run(RunId(run["id"]), "succeeded")
    made = await stage.bus.request(RerunRun(run_id=RunId(run["id"]), mode=RerunMode.ALL, request_id="again"))
    repeated = await runner.claim(await stage.next_work())
    assert repeated.spec and (repeated.spec.run_id, repeated.spec.inputs) == (made.run_id, inputs)
    created = [event for event in await stage.events() if isinstance(event, RunCreated)]
    assert [event.inputs for event in created] == [inputs, inputs]
    assert [row["inputs"] for row in await stage.rows("SELECT * FROM api.given")] == [inputs, inputs]


async def test_a_request_that_is_repeated_makes_one_run_also_at_the_same_time(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    made = await asyncio.gather(*(start(stage, repository, "same") for _ in range(8)))
    assert len({one.start_id for one in made}) == 1
    assert sum(one.is_new for one in made) == 1
    await see(runner, repository)
    again = await start(stage, repository, "same")
    assert (again.start_id, again.is_new) == (made[0].start_id, False)
    assert len(await runs_of(stage, repository)) == 1


async def test_a_ref_that_is_not_there_fails_with_a_sentence_and_others_start(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await start(stage, repository, "one", ref="nowhere")
    await start(stage, repository, "two", ref="main")
    await see(runner, repository)
    bad, good = await start_rows(stage, repository)
    assert (bad["state"], bad["reason"]) == ("failed", "There is no branch or tag nowhere in the repository.")
    assert good["state"] == "started"


async def test_an_empty_repository_has_no_default_branch(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await start(stage, repository)
    await tell(runner, repository, await next_look(runner, repository))
    (row,) = await start_rows(stage, repository)
    assert row["state"] == "failed"
    assert "no default branch" in row["reason"]


async def test_a_look_that_had_begun_before_the_wish_does_not_count(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    grant = await next_look(runner, repository)
    await start(stage, repository)
    await tell(runner, repository, grant, heads={"refs/heads/main": sha("a")}, default_ref="refs/heads/main")
    assert await runs_of(stage, repository) == []
    # Meanwhile somebody has pushed.
    grant = await next_look(runner, repository)
    await tell(runner, repository, grant, heads={"refs/heads/main": sha("d")}, default_ref="refs/heads/main")
    assert (await last_run(stage, repository))["sha"] == sha("d")


async def test_looks_that_fail_are_told_and_after_a_while_the_start_is_given_up(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    async with staging(bus, nats_server.url, database_url, start_seconds_max=3) as stage:
        runner = await stage.runner()
        repository = await stage.add_repository()
        await start(stage, repository)
        await tell(runner, repository, await next_look(runner, repository), error="The forge says 502.")
        (row,) = await start_rows(stage, repository)
        assert (row["state"], row["reason"]) == ("waiting", "The forge says 502.")

        async def is_failed() -> bool:
            (row,) = await start_rows(stage, repository)
            return row["state"] == "failed"

        await eventually(is_failed, "the start is given up")
        (row,) = await start_rows(stage, repository)
        assert row["reason"].endswith("within 3 s. The last try: The forge says 502.")
        assert await runs_of(stage, repository) == []


async def test_what_a_webhook_told_is_waited_for_longer(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(bus, nats_server.url, database_url, start_seconds_max=0.1) as stage:
        runner = await stage.runner()
        repository = await stage.add_repository()
        await stage.trigger(repository, "told", event="release", action="published", sha="", ref="refs/tags/v1")
        await wait_for_starts(stage, repository, 1)
        await start(stage, repository)

        async def is_given_up() -> bool:
            return "failed" in {row["state"] for row in await start_rows(stage, repository)}

        await eventually(is_given_up, "the person's wish is given up")
        assert [row["state"] for row in await start_rows(stage, repository)] == ["waiting", "failed"]
        await see(runner, repository)
        run = await last_run(stage, repository)
        assert (run["sha"], run["change"]["event"], run["delivery"]) == (sha("c"), "release", "told")


async def test_manual_runs_of_a_branch_neither_supersede_nor_are_superseded(stage: Stage) -> None:
    repository = await stage.add_repository()
    await stage.bus.request(ChangeRepository(repository_id=repository.id, supersede_branches=True))
    await start(stage, repository, event="push", ref="main", sha=sha("1"))
    await stage.trigger(repository, "push", sha=sha("2"))
    await eventually(lambda: runs_counted(stage, repository, 2), "the push has become a run")
    await start(stage, repository, "later", event="push", ref="main", sha=sha("3"))
    states = await stage.rows("SELECT state FROM api.runs ORDER BY number")
    assert [row["state"] for row in states] == ["preparing"] * 3


async def runs_counted(stage: Stage, repository: Any, count: int) -> bool:
    return len(await runs_of(stage, repository)) == count


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"event": "Manual"}, "event: 'Manual'"),
    ({"event": "../push"}, "event: "),
    ({"event": "pull_request"}, "event: a run of pull_request needs"),
    ({"event": "schedule"}, "event: schedule is for schedules"),
    ({"action": "a/b"}, "action: 'a/b'"),
    ({"action": ".."}, "action: "),
    ({"action": ""}, "action: "),
    ({"ref": ""}, "ref: "),
    ({"ref": "a b"}, "ref: 'a b'"),
    ({"ref": "a..b"}, "ref: "),
    ({"ref": "-x"}, "ref: "),
    ({"ref": "x" * 256}, "ref: "),
    ({"sha": "abc"}, "sha: 'abc'"),
    ({"sha": "A" * 40}, "sha: "),
    ({"inputs": {"1x": ""}}, "inputs: '1x' is no name"),
    ({"inputs": {"x": "\0"}}, "inputs: the value of x has a NUL"),
    ({"inputs": {f"x{n}": "" for n in range(51)}}, "inputs: 51 were given"),
    ({"request_id": ""}, "request_id: "),
    ({"request_id": "x" * 101}, "request_id: "),
    ({"request_id": "a\0b"}, "request_id: "),
]


async def test_what_can_not_be_is_refused_with_its_field(stage: Stage) -> None:
    repository = await stage.add_repository()
    for fields, said in REFUSED:
        with pytest.raises(UserError) as raised:
            await start(stage, repository, **({"request_id": "q"} | fields))
        assert raised.value.message.startswith(said), fields
    assert await start_rows(stage, repository) == []


async def test_nothing_starts_in_a_repository_that_is_not_there(stage: Stage) -> None:
    repository = await stage.add_repository()
    await start(stage, repository)
    await stage.bus.request(RemoveRepository(repository_id=repository.id))
    (row,) = await start_rows(stage, repository)
    assert (row["state"], row["reason"]) == ("failed", "The repository was removed.")
    for unknown in (repository, repository.model_copy(update={"id": RepositoryId("repo_x")})):
        with pytest.raises(NotFoundError):
            await start(stage, unknown, "other", sha=SHA)


async def test_only_so_many_wait_in_a_repository(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(bus, nats_server.url, database_url, starts_waiting_max=2) as stage:
        repository, other = await stage.add_repository(), await stage.add_repository("octo/other")
        for request_id in ("a", "b"):
            await start(stage, repository, request_id)
        with pytest.raises(ConflictError, match="2 wanted runs of this repository wait already"):
            await start(stage, repository, "c")
        await start(stage, other)


async def test_a_wish_outlives_the_orchestrator(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(bus, nats_server.url, database_url) as stage:
        repository = await stage.add_repository()
        await start(stage, repository, inputs={"a": "1"})
    async with staging(bus, nats_server.url, database_url) as stage:
        runner = await stage.runner()
        await see(runner, repository)
        await wait_for_starts(stage, repository, 1)
        assert (await last_run(stage, repository))["sha"] == sha("a")
