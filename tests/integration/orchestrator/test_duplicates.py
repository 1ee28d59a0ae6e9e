"""Everything may be said twice: it takes effect once."""

import asyncio

from orchestrator_stage import Stage, eventually, orchestrating, prepared
from tisktask_common.bus.connection import Outgoing
from tisktask_common.events import TriggerReceived
from tisktask_common.lifecycle import JobState
from tisktask_common.subjects import event_subject


async def publish_again(stage: Stage, trigger: TriggerReceived, times: int) -> None:
    """Publish the same trigger under other message ids: the bus does not see that it is the same."""
    for number in range(times):
        data = trigger.model_dump_json().encode()
        await stage.bus.publish(Outgoing(event_subject(trigger), data, f"again-{number}"))


async def test_a_trigger_that_comes_again_makes_no_second_run(stage: Stage) -> None:
    repository = await stage.add_repository()
    trigger = await stage.trigger(repository)
    await publish_again(stage, trigger, 5)
    await stage.trigger(repository, "other")

    async def other_is_there() -> bool:
        return bool(await stage.rows("SELECT id FROM api.runs WHERE delivery = 'other'"))

    await eventually(other_is_there, "the trigger after the repeated ones")
    assert len(await stage.rows("SELECT id FROM api.runs")) == 2
    assert len(await stage.rows("SELECT id FROM api.jobs")) == 2


async def test_two_orchestrators_make_one_run_of_a_trigger_that_comes_twice(stage: Stage) -> None:
    repository = await stage.add_repository()
    async with orchestrating(stage.settings):
        for number in range(10):
            trigger = await stage.trigger(repository, f"d{number}")
            await publish_again(stage, trigger, 2)

        async def all_there() -> bool:
            return len(await stage.rows("SELECT id FROM api.runs")) == 10

        await eventually(all_there, "ten runs")
        await stage.wait_for_empty_outbox()
    numbers = [row["number"] for row in await stage.rows("SELECT number FROM api.runs ORDER BY number")]
    assert numbers == list(range(1, 11))
    created = [event for event in await stage.events() if event.type == "run.created"]
    assert len(created) == 10


async def test_a_trigger_of_an_unknown_repository_is_kept_for_a_person_and_stops_nobody(stage: Stage) -> None:
    repository = await stage.add_repository()
    unknown = repository.model_copy(update={"id": "repo_unknown"})
    await stage.trigger(unknown, "lost")
    await stage.trigger(repository, "known")
    await stage.runner()
    assert await stage.next_work()
    assert [row["delivery"] for row in await stage.rows("SELECT delivery FROM api.runs")] == ["known"]
    consumer = await stage.bus.jetstream.consumer_info("EVENTS", "orchestrator")
    assert consumer.num_ack_pending == 1  # it comes again, and is buried after its last time


async def test_a_trigger_of_a_removed_repository_makes_no_run(stage: Stage) -> None:
    repository = await stage.add_repository()
    await stage.rows("UPDATE orchestrator.repositories SET removed_at = now()")
    await stage.trigger(repository)

    async def is_acknowledged() -> bool:
        info = await stage.bus.jetstream.consumer_info("EVENTS", "orchestrator")
        return info.ack_floor.stream_seq > 0 and info.num_ack_pending == 0 and info.num_pending == 0

    await eventually(is_acknowledged, "the trigger is acknowledged")
    assert await stage.rows("SELECT id FROM api.runs") == []


async def test_a_claim_that_is_asked_again_is_granted_again(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    first, second = await runner.claim(work), await runner.claim(work)
    assert first.granted
    assert first == second
    assert (await runner.began(work)).accepted
    assert (await runner.claim(work)).granted
    assert len([event for event in await stage.events() if event.type == "job.claimed"]) == 1


async def test_reports_that_are_repeated_take_effect_once(stage: Stage) -> None:
    runner = await stage.runner()
    await stage.trigger(await stage.add_repository())
    work = await stage.next_work()
    assert (await runner.claim(work)).granted
    for _ in range(2):
        assert (await runner.began(work)).accepted
    answers = await asyncio.gather(
        *(runner.ended(work, JobState.SUCCEEDED, prepared=prepared("build", "test")) for _ in range(4))
    )
    assert all(answer.accepted for answer in answers)
    assert len(await stage.rows("SELECT id FROM api.jobs WHERE kind = 'program'")) == 2
    types = [event.type for event in await stage.events()]
    assert types.count("job.started") == 1
    assert types.count("job.finished") == 1
    assert types.count("run.prepared") == 1


async def test_two_quick_pushes_that_tell_one_head_make_one_run(stage: Stage) -> None:
    """Forgejo and Gitea read a pull request's head when they tell of a push to it, not when it was made."""
    repository = await stage.add_repository()

    async def tell(delivery: str, sha: str, action: str = "synchronize") -> None:
        about = {"event": "pull_request", "action": action, "pull_request": 7, "branch": "feature"}
        trigger = await stage.trigger(repository, delivery, sha=sha, ref="refs/pull/7/head", **about)

        async def is_taken() -> bool:
            return bool(await stage.rows("SELECT id FROM orchestrator.triggers WHERE id = %s", trigger.trigger_id))

        await eventually(is_taken, "the trigger was taken")

    await tell("opened", "a" * 40, "opened")
    await tell("first", "b" * 40)
    await tell("second", "b" * 40)
    # Asked for by a person, opened again, or back at an older head: these are news.
    await tell("replay:1:second", "b" * 40)
    await tell("third", "a" * 40)
    await tell("fourth", "b" * 40)
    await tell("reopened", "b" * 40, "reopened")
    rows = await stage.rows("SELECT delivery FROM api.runs ORDER BY number")
    made = ["opened", "first", "replay:1:second", "third", "fourth", "reopened"]
    assert [row["delivery"] for row in rows] == made
