"""Room that waiting jobs make, who gets it, and jobs that ask for labels."""

import asyncio
from typing import Any

import pytest

from nats_server import NatsServer
from orchestrator_family import ActingJob, begin
from orchestrator_stage import Stage, TestRunner, eventually, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import UserError
from tisktask_common.ids import JobId
from tisktask_common.job_requests import News
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import AttemptRef, Heartbeat, HeartbeatReply
from tisktask_common.subjects import news_subject


async def beat(runner: TestRunner, *held: AttemptRef, replica: str = "r1", **fields: Any) -> HeartbeatReply:
    given: dict[str, Any] = {"slots": 1, "pool": "default"} | fields
    return await runner.bus.request(Heartbeat(runner=runner.name, replica=replica, attempts=list(held), **given))


async def begin_parent(
    stage: Stage, runner: TestRunner, repository: str = "octo/demo", name: str = "parent"
) -> ActingJob:
    await stage.trigger(await stage.add_repository(repository), f"{repository}-{name}")
    await runner.prepare(await stage.next_work(), name)
    return await begin(runner, await stage.next_work())


async def dispatched(stage: Stage) -> list[str]:
    rows = await stage.rows(
        "SELECT name FROM orchestrator.jobs WHERE dispatched_at IS NOT NULL AND state = 'queued' ORDER BY dispatched_at, id"
    )
    return [row["name"] for row in rows]


async def wait_for_dispatched(stage: Stage, *names: str) -> None:
    async def probe() -> bool:
        return sorted(await dispatched(stage)) == sorted(names)

    await eventually(probe, f"dispatched are {names}")


async def test_a_waiting_job_makes_room_for_another(stage: Stage) -> None:
    runner = await stage.runner(slots=1)
    parent = await begin_parent(stage, runner)
    for name in ("c1", "c2", "c3"):
        await parent.spawn(name)
    await wait_for_dispatched(stage, "c1")
    await beat(runner, parent.work, waiting=1)
    await wait_for_dispatched(stage, "c1", "c2")
    await beat(runner, parent.work, waiting=0)
    await runner.ended(await stage.next_work(), JobState.FAILED)
    await wait_for_dispatched(stage, "c1", "c2")


async def test_a_runner_can_not_lend_more_than_it_holds(stage: Stage) -> None:
    runner = await stage.runner(slots=1)
    parent = await begin_parent(stage, runner)
    for name in ("c1", "c2", "c3"):
        await parent.spawn(name)
    await beat(runner, parent.work, waiting=50)
    await wait_for_dispatched(stage, "c1", "c2")


async def test_a_lent_slot_is_for_a_child_before_others_that_wait(stage: Stage) -> None:
    """Were it for the repository with the fewest, ever more parents would start and wait."""
    runner = await stage.runner(slots=1)
    parent = await begin_parent(stage, runner)
    for number in range(4):
        await stage.trigger(await stage.add_repository(f"octo/other{number}"), f"other{number}")
    await wait_for_dispatched(stage, "prepare")
    await parent.spawn("c1")
    await parent.spawn("c2")
    await beat(runner, parent.work, waiting=1)
    await wait_for_dispatched(stage, "prepare", "c1")
    # The slot is used by a child now: what else becomes free goes by turn again.
    await runner.ended(parent.work, JobState.FAILED)
    await beat(runner, slots=2)
    await wait_for_dispatched(stage, "prepare", "prepare", "prepare", "c1")


async def test_in_a_repository_what_jobs_have_started_is_first(stage: Stage) -> None:
    runner = await stage.runner(slots=1)
    parent = await begin_parent(stage, runner)
    await stage.trigger(await stage.add_repository(), "second")
    await wait_for_dispatched(stage, "prepare")
    await stage.trigger(await stage.add_repository(), "third")
    await parent.spawn("child")
    await runner.ended(parent.work, JobState.SUCCEEDED)
    await wait_for_dispatched(stage, "prepare", "child")


async def test_what_a_draining_host_still_does_takes_no_room_of_the_others(stage: Stage) -> None:
    old = await stage.runner("old", slots=1)
    parent = await begin_parent(stage, old)
    await parent.spawn("c1")
    await wait_for_dispatched(stage, "c1")
    await beat(old, parent.work, is_draining=True)
    for number in range(2):
        await stage.trigger(await stage.add_repository(f"octo/other{number}"), f"other{number}")
    new = await stage.runner("new", joins=False)
    await beat(new)
    await wait_for_dispatched(stage, "c1", "prepare")


# --- labels


async def test_a_job_with_labels_never_comes_to_the_stream(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    async with staging(bus, nats_server.url, database_url, unclaimed_seconds=0.2) as stage:
        runner = await stage.runner(slots=8)
        parent = await begin_parent(stage, runner)
        child = await parent.spawn("train", labels=["gpu"])
        reply = await beat(runner, parent.work, slots=8, free=7, labels=["gpu"])
        assert [offer.job_id for offer in reply.offers] == [child.job_id]

        async def is_offered_again() -> bool:
            return bool((await beat(runner, parent.work, slots=8, free=7, labels=["gpu"])).offers)

        await eventually(is_offered_again, "nobody claims it")
        await stage.wait_for_empty_outbox()
        assert await stage.work_left() == 0


@pytest.mark.parametrize(
    ("labels", "fields", "is_offered"),
    [
        (["big", "gpu"], {"free": 1}, True),
        (["big", "gpu", "more"], {"free": 1}, True),
        (["gpu"], {"free": 1}, False),
        ([], {"free": 1}, False),
        (["big", "gpu"], {"free": 1, "is_draining": True}, False),
        (["big", "gpu"], {"free": 1, "pool": "other"}, False),
        # A busy host keeps its next slot for it.
        (["big", "gpu"], {"free": 0}, True),
    ],
)
async def test_it_is_offered_to_a_host_that_has_all_labels(
    stage: Stage, labels: list[str], fields: dict[str, Any], is_offered: bool
) -> None:
    parent = await begin_parent(stage, await stage.runner(slots=2))
    child = await parent.spawn("train", labels=["gpu", "big"])
    host = await stage.runner("gpu-host", joins=False)
    reply = await beat(host, labels=labels, **fields)
    assert [offer.job_id for offer in reply.offers] == ([child.job_id] if is_offered else [])


async def test_heartbeats_at_the_same_time_are_offered_different_jobs(stage: Stage) -> None:
    parent = await begin_parent(stage, await stage.runner(slots=2))
    children = {(await parent.spawn(f"c{number}", labels=["gpu"])).job_id for number in range(12)}
    hosts = [await stage.runner(f"h{number}", joins=False) for number in range(4)]
    offers: list[JobId] = []

    async def ask() -> bool:
        replies = await asyncio.gather(*(beat(host, slots=3, free=3, labels=["gpu"]) for host in hosts))
        assert all(len(reply.offers) <= 3 for reply in replies)
        offers.extend(offer.job_id for reply in replies for offer in reply.offers)
        return len(offers) >= len(children)

    await eventually(ask, "all are offered")
    assert len(offers) == len(set(offers)) and set(offers) == children
    assert (await beat(hosts[0], slots=3, free=3, labels=["gpu"])).offers == []


async def test_a_busy_host_keeps_no_slot_while_older_work_waits_for_any_host(stage: Stage) -> None:
    runner = await stage.runner(slots=1)
    parent = await begin_parent(stage, runner)
    await parent.spawn("plain")
    train = await parent.spawn("train", labels=["gpu"])
    assert (await beat(runner, parent.work, labels=["gpu"], free=0)).offers == []
    await begin(runner, await stage.next_work())
    offers = (await beat(runner, parent.work, labels=["gpu"], free=0)).offers
    assert [offer.job_id for offer in offers] == [train.job_id]


async def test_only_a_host_with_its_labels_may_claim_it(stage: Stage) -> None:
    runner = await stage.runner(slots=2)
    parent = await begin_parent(stage, runner)
    child = await parent.spawn("train", labels=["gpu"])
    work = AttemptRef(job_id=child.job_id, attempt=1)
    refused = await runner.claim(work)
    assert not refused.granted and "labels" in refused.reason
    await beat(runner, parent.work, slots=2, labels=["gpu"])
    assert (await runner.claim(work)).granted
    # Its own already: again also without.
    await beat(runner, parent.work, work, slots=2)
    assert (await runner.claim(work)).granted


async def test_hosts_with_its_labels_hear_of_it_at_once(stage: Stage) -> None:
    heard: asyncio.Queue[tuple[str, News]] = asyncio.Queue()
    for name in ("with", "without"):
        host = await stage.runner(name, joins=False)

        async def note(message: Any, name: str = name) -> None:
            await heard.put((name, News.model_validate_json(message.data)))

        await host.bus.client.subscribe(news_subject(name), cb=note)
        await host.bus.client.flush()
        await beat(host, labels=["gpu"] if name == "with" else ["cpu"])
    parent = await begin_parent(stage, await stage.runner(slots=2))
    await parent.spawn("train", labels=["gpu"])
    async with asyncio.timeout(10):
        assert await heard.get() == ("with", News(scope="with", topics=["work"]))
    assert heard.empty()


async def test_offered_jobs_that_nobody_takes_are_in_nobodys_way(stage: Stage) -> None:
    runner = await stage.runner(slots=1)
    parent = await begin_parent(stage, runner)
    for number in range(5):
        await parent.spawn(f"c{number}", labels=["gpu"])
    gone = await stage.runner("gone", joins=False)
    assert len((await beat(gone, slots=5, free=5, labels=["gpu"])).offers) == 5
    await beat(gone, slots=5, is_draining=True)
    await parent.spawn("plain")
    await wait_for_dispatched(stage, "c0", "c1", "c2", "c3", "c4", "plain")


@pytest.mark.parametrize("labels", [["GPU"], ["a b"], [""], ["x" * 64], [f"l{number}" for number in range(33)]])
async def test_a_runner_with_unusable_labels_is_refused(stage: Stage, labels: list[str]) -> None:
    with pytest.raises(UserError, match="32 labels at most"):
        await beat(await stage.runner(joins=False), labels=labels)
