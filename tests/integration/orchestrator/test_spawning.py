"""A job starts jobs: once each, within limits, with secrets that nobody sees."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from nats_server import NatsServer
from orchestrator_family import ActingJob, begin, begin_child, begin_run, states
from orchestrator_stage import Stage, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import ConflictError, RefusedError, UserError
from tisktask_common.events import JobCreated, JobQueued
from tisktask_common.ids import JobId
from tisktask_common.job_requests import Spawned
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import CancelRun
from tisktask_common.rpc import AttemptRef


async def test_a_job_is_started_queued_and_announced(stage: Stage) -> None:
    parent = await begin_run(stage, await stage.runner())
    child = await parent.spawn("lint", {"arguments": ["--all", "a b"], "image": "alpine:3"}, seconds_max=60)
    assert (child.name, child.is_new) == ("lint", True)
    work = await stage.next_work()
    assert work == AttemptRef(job_id=child.job_id, attempt=1)
    grant = await parent.runner.claim(work)
    assert grant.spec and grant.spec.program
    assert grant.spec.parent_job_id == parent.id
    assert (grant.spec.program.arguments, grant.spec.program.image) == (["--all", "a b"], "alpine:3")
    assert grant.spec.limits.seconds == 60
    events = [event for event in await stage.events() if isinstance(event, JobCreated | JobQueued)]
    about = [(type(event), event.parent_job_id, event.has_status) for event in events if event.job_id == child.job_id]
    assert about == [(JobCreated, parent.id, False), (JobQueued, parent.id, False)]


async def test_a_command_line_can_be_started(stage: Stage) -> None:
    parent = await begin_run(stage, await stage.runner())
    await parent.spawn("make", {"path": "", "shell": "make test"})
    grant = await parent.runner.claim(await stage.next_work())
    assert grant.spec and grant.spec.program
    assert (grant.spec.program.path, grant.spec.program.shell) == ("", "make test")
    assert grant.spec.sealed_environment is None


async def test_names_are_made_unique_within_the_run(stage: Stage) -> None:
    parent = await begin_run(stage, await stage.runner())
    names = [(await parent.spawn(name)).name for name in ("lint", "lint", "build", "lint", "lint_2", "lint#2")]
    assert names == ["lint", "lint#2", "build#2", "lint#3", "lint_2", "lint#2#2"]


async def test_a_request_that_is_repeated_starts_nothing_twice(stage: Stage) -> None:
    parent = await begin_run(stage, await stage.runner())
    answers = await asyncio.gather(*(parent.spawn("lint", request_id="r") for _ in range(8)))
    assert len({answer.job_id for answer in answers}) == 1
    assert sorted(answer.is_new for answer in answers) == [False] * 7 + [True]
    assert (await parent.spawn("lint", request_id="other")).name == "lint#2"


async def test_a_key_is_one_job_also_when_many_ask_at_once(stage: Stage) -> None:
    parent = await begin_run(stage, await stage.runner())
    answers = await asyncio.gather(*(parent.spawn("lint", key="k") for _ in range(8)))
    assert len({answer.job_id for answer in answers}) == 1
    assert sum(answer.is_new for answer in answers) == 1
    with pytest.raises(ConflictError, match="KEY k: the job lint was started under it, with another program"):
        await parent.spawn("lint", {"arguments": ["more"]}, key="k")
    with pytest.raises(ConflictError, match="KEY k"):
        await parent.spawn("test", key="k")
    sibling = await begin_child(parent.runner, answers[0])
    assert (await sibling.spawn("lint", key="k")).name == "lint#2"


@pytest.fixture
async def hasty(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    async with staging(bus, nats_server.url, database_url, lease_seconds=1) as stage:
        yield stage


async def test_a_parent_that_is_tried_again_finds_its_children_under_their_keys(hasty: Stage) -> None:
    """Its host is lost before it was known that its program began, yet it had started something."""
    stage = hasty
    runner = await stage.runner()
    _, works = await stage.start_run(runner, "build")
    assert (await runner.claim(works["build"])).granted
    first = ActingJob(runner, works["build"])
    child = await first.spawn("lint", key="k")
    await stage.next_work()
    await stage.wait_for_job(works["build"], "queued")
    await runner.heartbeat()
    again = await stage.next_work()
    assert again == AttemptRef(job_id=first.id, attempt=2)
    with pytest.raises(RefusedError):
        await first.spawn("lint", key="k")
    second = await begin(runner, again)
    assert (await second.spawn("lint", key="k")) == Spawned(job_id=child.job_id, name="lint", is_new=False)
    assert await states(stage) == {"build": "running", "lint": "queued"}


async def refused(job: ActingJob) -> None:
    for asking in (
        job.spawn(),
        job.read_page(),
        job.stop(job.id),
        job.end_run(JobState.FAILED),
        job.describe(title="x"),
        job.annotate("x"),
    ):
        with pytest.raises(RefusedError):
            await asking


async def test_only_the_newest_attempt_of_a_job_at_work_may_ask(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    other = await stage.runner("other")
    await refused(ActingJob(other, parent.work))
    await refused(ActingJob(other, parent.work, speaks_as="host"))
    await refused(ActingJob(runner, AttemptRef(job_id=parent.id, attempt=2)))
    child = await parent.spawn()
    await refused(ActingJob(runner, AttemptRef(job_id=child.job_id, attempt=1)))
    acting = await begin_child(runner, child)
    await acting.end()
    await refused(acting)
    await stage.rows("UPDATE orchestrator.jobs SET attempt = 2 WHERE id = %s", parent.id)
    await refused(parent)
    (preparation,) = await stage.rows("SELECT id FROM api.jobs WHERE kind = 'prepare'")
    await refused(ActingJob(runner, AttemptRef(job_id=preparation["id"], attempt=1)))


async def test_what_is_being_stopped_starts_no_more(stage: Stage) -> None:
    parent = await begin_run(stage, await stage.runner())
    child = await parent.spawn(request_id="r")
    (run,) = await stage.rows("SELECT id FROM api.runs")
    await stage.bus.request(CancelRun(run_id=run["id"]))
    with pytest.raises(ConflictError, match="the run is being stopped"):
        await parent.spawn()
    assert (await parent.spawn(request_id="r")).job_id == child.job_id


@pytest.fixture
async def narrow(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    limits: dict[str, Any] = {"spawned_jobs_max": 3, "spawn_depth_max": 2, "spawn_environment_bytes_max": 100}
    async with staging(bus, nats_server.url, database_url, **limits) as stage:
        yield stage


async def test_limits_are_said_clearly(narrow: Stage) -> None:
    runner = await narrow.runner()
    parent = await begin_run(narrow, runner)
    child = await begin_child(runner, await parent.spawn())
    grandchild = await begin_child(runner, await child.spawn())
    with pytest.raises(UserError, match="more than 2 deep"):
        await grandchild.spawn()
    await parent.spawn()
    for job in (parent, child):
        with pytest.raises(UserError, match=r"have started 3 jobs; a run may have no more \(TISKTASK_SPAWNED_JOBS_MAX"):
            await job.spawn()
    with pytest.raises(UserError, match="longer than 100 bytes together"):
        await parent.spawn_with(narrow, {"A": "x" * 100})
    with pytest.raises(UserError, match="TIMEOUT: at least 1 second, and at most the 3600"):
        await parent.spawn(seconds_max=3601)
    with pytest.raises(UserError, match="sealed for this server"):
        await parent.spawn(sealed_environment="bm9uc2Vuc2U=")


async def test_variables_reach_the_claimer_and_nobody_else(stage: Stage, database_url: str) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    told: list[bytes] = []

    async def hear(message: Any) -> None:
        told.append(message.data)

    await stage.bus.client.subscribe(">", cb=hear)
    await stage.bus.client.flush()
    child = await parent.spawn_with(stage, {"DEPLOY_KEY": "hunter2-geheim", "B": "ü"})
    grant = await runner.claim(AttemptRef(job_id=child.job_id, attempt=1))
    assert grant.spec and grant.spec.sealed_environment
    opened = runner.keys.open(grant.spec.sealed_environment).get_secret_value()
    assert opened == '{"DEPLOY_KEY": "hunter2-geheim", "B": "\\u00fc"}'
    await stage.wait_for_empty_outbox()
    assert any(child.job_id.encode() in data for data in told)
    assert not any(b"hunter2" in data or b"DEPLOY_KEY" in data for data in told)
    stored = await everything_stored(stage)
    assert any(child.job_id in text for text in stored)
    assert not [text for text in stored if "hunter2" in text or "DEPLOY_KEY" in text]


async def everything_stored(stage: Stage) -> list[str]:
    tables = await stage.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'orchestrator'")
    stored: list[str] = []
    for table in tables:
        query: Any = f"SELECT one::text AS text FROM orchestrator.{table['tablename']} AS one"
        stored += [row["text"] for row in await stage.rows(query)]
    # Bytes are shown in hexadecimal.
    return stored + [bytes.fromhex(text).decode("latin-1") for row in stored for text in hexadecimal(row)]


def hexadecimal(text: str) -> list[str]:
    parts = (part.strip('\\x"') for part in text.strip("()").split(","))
    return [part for part in parts if len(part) > 20 and len(part) % 2 == 0 and set(part) <= set("0123456789abcdef")]


async def test_a_thousand_jobs_are_started_and_ended_at_little_cost(stage: Stage) -> None:
    runner = await stage.runner(slots=50)
    parent = await begin_run(stage, runner)
    children: list[Spawned] = []
    for start in range(0, 1000, 20):
        # On a busy machine it may take longer than a lease.
        await runner.heartbeat(parent.work, slots=50)
        children += await asyncio.gather(*(parent.spawn("part", key=str(start + n)) for n in range(20)))
    assert len({child.name for child in children}) == 1000
    with pytest.raises(UserError, match="have started 1000 jobs"):
        await parent.spawn("part")
    first = await parent.read_page()
    rest = await parent.read_page(first.next_after)
    assert [item.job_id for item in first.items + rest.items] == sorted(
        [parent.id, *(child.job_id for child in children)]
    )
    assert rest.next_after is None
    ids: list[JobId] = [child.job_id for child in reversed(children[-100:])]
    assert [item.job_id for item in await parent.read(*ids)] == ids
    assert (await parent.end_run(JobState.CANCELLED, "enough")).accepted
    await parent.end(JobState.CANCELLED)
    run = (await stage.rows("SELECT state, reason FROM api.runs"))[0]
    assert run == {"state": "cancelled", "reason": "The job build has cancelled the run: enough."}
    (counted,) = await stage.rows("SELECT count(*) FROM api.jobs WHERE state = 'cancelled' AND result = 'cancelled'")
    assert counted["count"] == 1001
