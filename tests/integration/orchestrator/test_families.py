"""What becomes of a run, of parents and of children, however each of them ends."""

import asyncio

import pytest

from orchestrator_family import ActingJob, begin_child, begin_run, only_run, states
from orchestrator_stage import Stage
from tisktask_common.errors import NotFoundError
from tisktask_common.events import JobConcluded, JobFinished, RunFinished
from tisktask_common.ids import JobId
from tisktask_common.job_requests import News
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import CancelJob
from tisktask_common.subjects import MESSAGE_BYTES_MAX, news_subject

FAILED, SUCCEEDED, CANCELLED = JobState.FAILED, JobState.SUCCEEDED, JobState.CANCELLED


async def ends(stage: Stage) -> list[tuple[str, str, str]]:
    """What was said about ends, in its order: the event, the job's name, and what it has come to."""
    said: list[tuple[str, str, str]] = []
    for event in await stage.events():
        match event:
            case JobFinished() if event.kind == "program":
                said.append(("concluded" if event.is_concluded else "finished", event.name, event.job_state))
            case JobConcluded():
                said.append(("concluded later", event.name, event.result))
            case RunFinished():
                said.append(("run", "", event.state))
            case _:
                pass
    return said


async def results(stage: Stage) -> dict[str, str | None]:
    rows = await stage.rows("SELECT name, result FROM api.jobs WHERE kind = 'program'")
    return {row["name"]: row["result"] for row in rows}


async def test_a_run_goes_on_until_the_children_have_ended(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    child = await begin_child(runner, await parent.spawn())
    grandchild = await begin_child(runner, await child.spawn("deep"))
    await parent.end()
    assert (await only_run(stage))["state"] == "running"
    await child.end()
    assert await results(stage) == {"build": None, "lint": None, "deep": None}
    await grandchild.end(FAILED, exit_code=3)
    run = await stage.wait_for_run((await only_run(stage))["id"], "failed")
    assert run["reason"] == "1 of 3 jobs failed: deep."
    assert await states(stage) == {"build": "succeeded", "lint": "succeeded", "deep": "failed"}
    assert await results(stage) == {"build": "failed", "lint": "failed", "deep": "failed"}
    assert await ends(stage) == [
        ("finished", "build", "succeeded"),
        ("finished", "lint", "succeeded"),
        ("concluded", "deep", "failed"),
        ("concluded later", "lint", "failed"),
        ("concluded later", "build", "failed"),
        ("run", "", "failed"),
    ]
    reasons = [event.reason for event in await stage.events() if isinstance(event, JobConcluded)]
    assert reasons == ["A job that it has started failed: deep.", "A job that it has started failed: lint."]


async def test_a_parent_that_ends_last_is_concluded_at_once(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    await (await begin_child(runner, await parent.spawn())).end()
    await parent.end()
    assert await ends(stage) == [
        ("concluded", "lint", "succeeded"),
        ("concluded", "build", "succeeded"),
        ("run", "", "succeeded"),
    ]


async def test_a_parent_that_ends_last_and_better_than_its_children_is_concluded_as_they_are(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    await (await begin_child(runner, await parent.spawn())).end(FAILED)
    await parent.end()
    assert await ends(stage) == [
        ("concluded", "lint", "failed"),
        ("finished", "build", "succeeded"),
        ("concluded later", "build", "failed"),
        ("run", "", "failed"),
    ]


async def test_what_may_fail_decides_nothing_with_all_that_belongs_to_it(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    child = await begin_child(runner, await parent.spawn(may_fail=True))
    grandchild = await begin_child(runner, await child.spawn("deep"))
    await grandchild.end(FAILED)
    await child.end(FAILED)
    await parent.end()
    assert (await only_run(stage))["state"] == "succeeded"
    assert (await results(stage))["build"] == "succeeded"
    marks = {event.name: event.may_fail for event in await stage.events() if isinstance(event, JobFinished)}
    assert marks == {"prepare": False, "build": False, "lint": True, "deep": True}


async def test_what_is_detached_decides_about_the_run_but_not_about_its_parent(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    child = await begin_child(runner, await parent.spawn(is_detached=True, may_fail=False))
    await parent.end()
    assert (await results(stage))["build"] == "succeeded"
    assert (await only_run(stage))["state"] == "running"
    await child.end(FAILED)
    assert await ends(stage) == [
        ("concluded", "build", "succeeded"),
        ("concluded", "lint", "failed"),
        ("run", "", "failed"),
    ]


async def family(stage: Stage) -> tuple[ActingJob, ActingJob]:
    """A parent with a child at work and one that waits, a grandchild that waits, and what was detached."""
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    child = await begin_child(runner, await parent.spawn("at_work"))
    await parent.spawn("waits")
    await child.spawn("deep")
    detached = await begin_child(runner, await parent.spawn("detached", is_detached=True))
    await detached.spawn("deep_detached")
    return parent, child


CASCADED = {
    "build": "running",
    "at_work": "running",
    "waits": "cancelled",
    "deep": "cancelled",
    "detached": "running",
    "deep_detached": "queued",
}


async def test_a_cancelled_parent_takes_its_family_with_it(stage: Stage) -> None:
    parent, child = await family(stage)
    assert (await stage.bus.request(CancelJob(job_id=parent.id, actor="ada"))).accepted
    assert await states(stage) == CASCADED
    reply = await parent.runner.heartbeat(parent.work, child.work)
    assert {order.job_id for order in reply.stop} == {parent.id, child.id}
    (waits,) = await stage.rows("SELECT reason FROM api.jobs WHERE name = 'waits'")
    assert waits["reason"] == "Cancelled with the job build: Cancelled by ada."
    await parent.end(CANCELLED)
    await child.end(CANCELLED)
    assert (await results(stage))["build"] == "cancelled"
    assert (await only_run(stage))["state"] == "running"


async def test_a_parent_that_took_too_long_takes_its_family_with_it(stage: Stage) -> None:
    """Its runner has looked at the clock before we did."""
    parent, child = await family(stage)
    await parent.end(JobState.TIMED_OUT, reason="Too long.")
    assert await states(stage) == CASCADED | {"build": "timed_out"}
    assert [order.job_id for order in (await parent.runner.heartbeat(child.work)).stop] == [child.id]


async def test_a_parent_that_ends_by_itself_leaves_its_family_at_work(stage: Stage) -> None:
    parent, _ = await family(stage)
    await parent.end(FAILED)
    assert await states(stage) == CASCADED | {"build": "failed", "waits": "queued", "deep": "queued"}


async def test_children_of_a_child_that_has_ended_go_with_its_parent(stage: Stage) -> None:
    parent, child = await family(stage)
    await child.end()
    await stage.bus.request(CancelJob(job_id=parent.id))
    assert (await states(stage))["deep"] == "cancelled"


async def test_what_a_job_cancels_does_not_count_against_the_run(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    child = await begin_child(runner, await parent.spawn())
    await child.spawn("deep")
    queued = await parent.spawn("waits")
    assert (await parent.stop(child.id)).accepted
    assert (await parent.stop(child.id)).accepted
    assert (await parent.stop(queued.job_id)).accepted
    assert await states(stage) == {"build": "running", "lint": "running", "deep": "cancelled", "waits": "cancelled"}
    await child.end(FAILED, signal=15)
    assert (await states(stage))["lint"] == "cancelled"
    assert (await parent.stop(child.id)).accepted
    await parent.end()
    assert (await only_run(stage))["state"] == "succeeded"
    assert (await results(stage))["build"] == "succeeded"


async def test_a_job_can_stop_what_a_job_that_has_ended_has_left(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    child = await begin_child(runner, await parent.spawn())
    await child.spawn("deep")
    await child.end(FAILED)
    assert (await parent.stop(child.id)).accepted
    assert (await states(stage))["deep"] == "cancelled"
    answer = await parent.stop(child.id)
    assert (answer.accepted, answer.reason) == (False, "the job has ended already: failed")
    await parent.end()
    assert (await only_run(stage))["reason"] == "1 of 3 jobs failed: lint."


async def test_a_job_reaches_the_jobs_of_its_run_alone(stage: Stage) -> None:
    runner = await stage.runner()
    first = await begin_run(stage, runner)
    _, works = await stage.start_run(runner, "other", delivery="d2")
    (preparation,) = await stage.rows("SELECT id FROM api.jobs WHERE kind = 'prepare' LIMIT 1")
    for target in (works["other"].job_id, JobId("job_none"), JobId("job\0"), JobId(preparation["id"])):
        with pytest.raises(NotFoundError, match="JOBLIST"):
            await first.stop(target)
        with pytest.raises(NotFoundError, match="JOBLIST"):
            await first.read(first.id, target)
    assert [item.name for item in (await first.read_page()).items] == ["build"]


async def test_a_job_reads_how_its_siblings_are(stage: Stage) -> None:
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    child = await begin_child(runner, await parent.spawn())
    waits = await parent.spawn("waits")
    await child.end(FAILED, exit_code=7, reason="Exit code 7.")
    found = await parent.read(waits.job_id, child.id, parent.id)
    assert [(item.name, item.state, item.exit_code) for item in found] == [
        ("waits", "queued", None),
        ("lint", "failed", 7),
        ("build", "running", None),
    ]
    assert (found[1].reason, found[1].runner, found[1].parent_job_id) == ("Exit code 7.", "host", parent.id)
    assert found[1].finished_at is not None


async def test_an_answer_about_many_jobs_fits_into_a_message(stage: Stage) -> None:
    parent = await begin_run(stage, await stage.runner())
    children = [(await parent.spawn("x" * 200)).job_id for _ in range(90)]
    await stage.rows("UPDATE orchestrator.jobs SET path = repeat('p', 4000), reason = repeat('r', 2000)")
    some = await parent.read(*reversed(children))
    assert 0 < len(some) < len(children)
    assert [item.job_id for item in some] == children[::-1][: len(some)]
    page = await parent.read_page()
    assert page.next_after == page.items[-1].job_id
    rest = await parent.read_page(page.next_after)
    assert [item.job_id for item in page.items + rest.items] == [parent.id, *children]
    assert rest.next_after is None
    assert max(len(part.model_dump_json()) for part in (page, rest)) < MESSAGE_BYTES_MAX


@pytest.mark.parametrize(("state", "verb"), [(CANCELLED, "cancelled"), (FAILED, "failed")])
@pytest.mark.parametrize("own_end", [SUCCEEDED, FAILED])
async def test_a_job_ends_its_run(stage: Stage, state: JobState, verb: str, own_end: JobState) -> None:
    """Also if it is quick and succeeds before it is stopped itself."""
    runner = await stage.runner()
    parent = await begin_run(stage, runner)
    child = await begin_child(runner, await parent.spawn())
    await parent.spawn("waits", is_detached=True)
    assert (await parent.end_run(state, "nothing to do")).accepted
    assert (await parent.end_run(state, "nothing to do")).accepted
    other = await parent.end_run(state, "something else")
    assert (other.accepted, other.reason) == (False, "the run is being stopped already")
    assert await states(stage) == {"build": "running", "lint": "running", "waits": "cancelled"}
    await parent.end(own_end)
    await child.end(SUCCEEDED)
    run = await stage.wait_for_run((await only_run(stage))["id"], verb)
    assert run["reason"] == f"The job build has {verb} the run: nothing to do."


async def test_runners_with_jobs_of_the_run_hear_that_one_has_ended(stage: Stage) -> None:
    runner, other, idle = await stage.runner(), await stage.runner("other"), await stage.runner("idle")
    heard: dict[str, asyncio.Queue[News]] = {one.name: asyncio.Queue() for one in (runner, other, idle)}
    for one in (runner, other, idle):
        # As admin: the runners' own subscriptions are theirs.
        queue = heard[one.name]

        async def hear(message: object, queue: "asyncio.Queue[News]" = queue) -> None:
            queue.put_nowait(News.model_validate_json(message.data))  # type: ignore[attr-defined]

        await stage.bus.client.subscribe(news_subject(one.name), cb=hear)
    await stage.bus.client.flush()
    parent = await begin_run(stage, runner)
    first = await begin_child(other, await parent.spawn())
    second = await begin_child(other, await parent.spawn())
    await first.end()
    run = (await only_run(stage))["id"]
    expected = News(scope=run, topics=["jobs"])
    assert await asyncio.wait_for(heard["host"].get(), 5) == expected
    assert await asyncio.wait_for(heard["other"].get(), 5) == expected
    await second.end()
    assert await asyncio.wait_for(heard["host"].get(), 5) == expected
    await stage.bus.client.flush()
    assert heard["idle"].empty()
    assert heard["other"].empty()
