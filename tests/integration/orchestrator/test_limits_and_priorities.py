"""How many jobs of a repository are at work at once, and whose are first."""

import asyncio
from typing import Any

import pytest

from orchestrator_family import ActingJob, begin
from orchestrator_stage import Stage, TestRunner, eventually
from tisktask_common.errors import NotFoundError, UserError
from tisktask_common.events import Repository
from tisktask_common.ids import RepositoryId, new_repository_id
from tisktask_common.job_requests import News
from tisktask_common.lifecycle import JobState
from tisktask_common.repository_settings import ChangeRepository, RepositorySettings
from tisktask_common.rpc import AttemptRef, Heartbeat, HeartbeatReply
from tisktask_common.subjects import news_subject


async def change(stage: Stage, repository: Repository, **fields: Any) -> RepositorySettings:
    return await stage.bus.request(ChangeRepository(repository_id=repository.id, **fields))


async def queue_runs(stage: Stage, repository: Repository, count: int) -> None:
    for number in range(count):
        await stage.trigger(repository, f"{repository.full_name}-{number}")

    async def all_there() -> bool:
        return len(await stage.rows("SELECT id FROM api.runs WHERE repository_id = %s", repository.id)) == count

    await eventually(all_there, "the runs are there")


async def dispatched(stage: Stage) -> dict[str, int]:
    rows = await stage.rows(
        "SELECT run.repository, count(*) AS jobs FROM orchestrator.jobs AS job JOIN api.runs AS run ON run.id = job.run_id"
        " WHERE job.dispatched_at IS NOT NULL AND job.finished_at IS NULL GROUP BY run.repository"
    )
    return {row["repository"]: row["jobs"] for row in rows}


async def wait_for_dispatched(stage: Stage, **expected: int) -> None:
    wanted = {f"octo/{name}": count for name, count in expected.items()}

    async def probe() -> bool:
        return await dispatched(stage) == wanted

    await eventually(probe, f"dispatched are {wanted}")


async def beat(runner: TestRunner, *held: AttemptRef, **fields: Any) -> HeartbeatReply:
    given: dict[str, Any] = {"slots": 4, "pool": "default", "replica": "r1"} | fields
    return await runner.bus.request(Heartbeat(runner=runner.name, attempts=list(held), **given))


async def begin_parent(stage: Stage, runner: TestRunner, repository: Repository) -> ActingJob:
    await stage.trigger(repository, "parent")
    await runner.prepare(await stage.next_work(), "parent")
    return await begin(runner, await stage.next_work())


# --- the settings


async def test_settings_are_changed_one_by_one(stage: Stage) -> None:
    repository = await stage.add_repository()
    before = await change(stage, repository)
    assert before == RepositorySettings(
        supersede_pull_requests=True, supersede_branches=False, jobs_max=None, priority=0
    )
    await change(stage, repository, supersede_branches=True, jobs_max=3)
    await change(stage, repository, supersede_pull_requests=False, priority=-10)
    # What is added again keeps its settings.
    await stage.add_repository()
    (row,) = await stage.rows(
        "SELECT supersede_pull_requests, supersede_branches, jobs_max, priority FROM api.repositories"
    )
    assert list(row.values()) == [False, True, 3, -10]
    assert (await change(stage, repository, jobs_max=0)).jobs_max is None


@pytest.mark.parametrize("fields", [{"jobs_max": -1}, {"jobs_max": 10_001}, {"priority": 11}, {"priority": -11}])
async def test_settings_out_of_range_are_refused(stage: Stage, fields: dict[str, int]) -> None:
    repository = await stage.add_repository()
    with pytest.raises(UserError, match=f"{next(iter(fields))}: a number from"):
        await change(stage, repository, **fields)


async def test_an_unknown_repository_has_no_settings(stage: Stage) -> None:
    unknown: RepositoryId = new_repository_id()
    with pytest.raises(NotFoundError):
        await stage.bus.request(ChangeRepository(repository_id=unknown, priority=1))


# --- the limit


async def test_no_more_jobs_of_a_repository_are_at_work_than_it_may_have(stage: Stage) -> None:
    limited, other = await stage.add_repository("octo/limited"), await stage.add_repository("octo/other")
    await change(stage, limited, jobs_max=2)
    await queue_runs(stage, limited, 6)
    await queue_runs(stage, other, 9)
    runner = await stage.runner(slots=4)
    await wait_for_dispatched(stage, limited=2, other=6)
    # The place of one that ends is taken by the next.
    work = await stage.next_work()
    await runner.run(work, JobState.FAILED)
    await wait_for_dispatched(stage, limited=2, other=6)


async def test_a_limit_that_is_lifted_or_lowered_holds_for_what_is_dispatched_next(stage: Stage) -> None:
    repository = await stage.add_repository("octo/limited")
    await change(stage, repository, jobs_max=1)
    await queue_runs(stage, repository, 5)
    runner = await stage.runner(slots=4)
    await wait_for_dispatched(stage, limited=1)
    await change(stage, repository, jobs_max=3)
    await wait_for_dispatched(stage, limited=3)
    await change(stage, repository, jobs_max=1)
    for _ in range(2):
        await runner.run(await stage.next_work(), JobState.FAILED)
    await wait_for_dispatched(stage, limited=1)
    await change(stage, repository, jobs_max=0)
    await wait_for_dispatched(stage, limited=3)


async def test_a_parent_that_waits_does_not_stand_in_its_childrens_way(stage: Stage) -> None:
    repository = await stage.add_repository("octo/limited")
    await change(stage, repository, jobs_max=1)
    runner = await stage.runner(slots=4)
    parent = await begin_parent(stage, runner, repository)
    children = [await parent.spawn(name) for name in ("c1", "c2")]
    await wait_for_dispatched(stage, limited=1)
    await beat(runner, parent.work, waiting=1, waiting_jobs=[parent.id])
    await wait_for_dispatched(stage, limited=2)
    work = await stage.next_work()
    assert work.job_id == children[0].job_id
    await runner.run(work)
    assert (await stage.next_work()).job_id == children[1].job_id
    # It goes on beside its child; nothing more is begun until one of them has ended.
    await beat(runner, parent.work)
    await parent.spawn("c3")
    await wait_for_dispatched(stage, limited=2)


async def test_only_the_host_that_has_a_job_can_say_that_it_waits(stage: Stage) -> None:
    repository = await stage.add_repository("octo/limited")
    await change(stage, repository, jobs_max=1)
    runner, stranger = await stage.runner(slots=4), await stage.runner("stranger", slots=1)
    parent = await begin_parent(stage, runner, repository)
    await parent.spawn("c1")
    await beat(stranger, parent.work, waiting=1, waiting_jobs=[parent.id])
    other = await stage.add_repository("octo/other")
    await queue_runs(stage, other, 1)
    await wait_for_dispatched(stage, limited=1, other=1)


async def test_the_limit_holds_for_jobs_with_labels_when_they_are_claimed(stage: Stage) -> None:
    repository = await stage.add_repository("octo/limited")
    runner = await stage.runner(slots=4)
    parent = await begin_parent(stage, runner, repository)
    children = [await parent.spawn(f"c{number}", labels=["gpu"]) for number in range(3)]
    await change(stage, repository, jobs_max=2)
    host = await stage.runner("gpu", joins=False)
    offers = (await beat(host, labels=["gpu"], free=4)).offers
    assert [offer.job_id for offer in offers] == [children[0].job_id]
    # A busy host may ask for what was not offered to it.
    works = [AttemptRef(job_id=child.job_id, attempt=1) for child in children]
    assert (await host.claim(works[1])).granted
    refused = await host.claim(works[0])
    assert not refused.granted and "as many jobs at work as it may" in refused.reason
    assert (await beat(host, works[1], labels=["gpu"], free=0)).offers == []
    await host.began(works[1])
    await host.ended(works[1], JobState.SUCCEEDED)
    assert (await host.claim(works[0])).granted


async def test_a_job_that_was_offered_in_vain_is_offered_again_as_soon_as_there_is_room(stage: Stage) -> None:
    """Two hosts are offered a job each at once; for one of them there is no room when it claims its own."""
    repository = await stage.add_repository("octo/limited")
    parent = await begin_parent(stage, await stage.runner(slots=4), repository)
    children = [await parent.spawn(f"c{number}", labels=["gpu"]) for number in range(2)]
    await change(stage, repository, jobs_max=2)
    hosts = [await stage.runner(name, joins=False) for name in ("first", "second")]
    works = [(await beat(host, labels=["gpu"], free=1)).offers[0] for host in hosts]
    assert [work.job_id for work in works] == [child.job_id for child in children]
    assert (await hosts[0].claim(works[0])).granted
    assert not (await hosts[1].claim(works[1])).granted
    assert (await beat(hosts[1], labels=["gpu"], free=1)).offers == []
    heard: asyncio.Queue[News] = asyncio.Queue()

    async def note(message: Any) -> None:
        await heard.put(News.model_validate_json(message.data))

    await hosts[1].bus.client.subscribe(news_subject("second"), cb=note)
    await hosts[1].bus.client.flush()
    assert (await hosts[0].began(works[0])).accepted
    assert (await hosts[0].ended(works[0], JobState.SUCCEEDED)).accepted
    async with asyncio.timeout(10):
        assert await heard.get() == News(scope="second", topics=["work"])
    assert (await beat(hosts[1], labels=["gpu"], free=1)).offers == [works[1]]
    assert (await hosts[1].claim(works[1])).granted


async def test_an_offer_that_nobody_takes_uses_up_no_limit(stage: Stage) -> None:
    repository = await stage.add_repository("octo/limited")
    runner = await stage.runner(slots=4)
    parent = await begin_parent(stage, runner, repository)
    await change(stage, repository, jobs_max=2)
    await parent.spawn("train", labels=["gpu"])
    gone = await stage.runner("gone", joins=False)
    assert len((await beat(gone, labels=["gpu"], free=1)).offers) == 1
    plain = await parent.spawn("plain")
    assert (await stage.next_work()).job_id == plain.job_id


# --- whose turn it is


async def test_of_500_jobs_of_one_repository_and_one_of_another_the_one_is_next(stage: Stage) -> None:
    many, one = await stage.add_repository("octo/many"), await stage.add_repository("octo/one")
    await queue_runs(stage, many, 2)
    runner = await stage.runner(slots=1)
    for work in [await stage.next_work(), await stage.next_work()]:
        await runner.prepare(work, *(f"job{number:03}" for number in range(250)))
    await wait_for_dispatched(stage, many=2)
    await queue_runs(stage, one, 1)
    assert await dispatched(stage) == {"octo/many": 2}
    await runner.run(await stage.next_work())
    await wait_for_dispatched(stage, many=1, one=1)
    (left,) = await stage.rows("SELECT count(*) AS jobs FROM orchestrator.jobs WHERE dispatched_at IS NULL")
    assert left["jobs"] == 498


async def test_the_repository_of_a_higher_priority_is_first(stage: Stage) -> None:
    names = ("low", "plain", "high", "twin")
    repositories = {name: await stage.add_repository(f"octo/{name}") for name in names}
    for name, priority in {"low": -1, "high": 5, "twin": 5}.items():
        await change(stage, repositories[name], priority=priority)
    for name, count in {"low": 3, "plain": 3, "high": 5, "twin": 1}.items():
        await queue_runs(stage, repositories[name], count)
    await stage.runner(slots=2)
    # Fair among those of the same priority.
    await wait_for_dispatched(stage, high=3, twin=1)
    await stage.runner("more", slots=2)
    await wait_for_dispatched(stage, high=5, twin=1, plain=2)
    await stage.runner("most", slots=2)
    await wait_for_dispatched(stage, high=5, twin=1, plain=3, low=3)


async def test_jobs_with_labels_go_by_priority_too(stage: Stage) -> None:
    runner = await stage.runner(slots=4)
    spawned = {}
    for name, priority in {"plain": 0, "high": 5}.items():
        repository = await stage.add_repository(f"octo/{name}")
        parent = await begin_parent(stage, runner, repository)
        spawned[name] = await parent.spawn("train", labels=["gpu"])
        await change(stage, repository, priority=priority)
    host = await stage.runner("gpu", joins=False)
    for free in (0, 1):
        offers = (await beat(host, labels=["gpu"], slots=1, free=free)).offers
        assert [offer.job_id for offer in offers] == [spawned["high"].job_id]
