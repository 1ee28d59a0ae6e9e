"""How much is put on the work stream, whose, and what happens to what nobody takes."""

from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, orchestrating, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.lifecycle import JobState


async def work_messages(stage: Stage) -> int:
    await stage.wait_for_empty_outbox()
    return await stage.work_left()


async def queue_runs(stage: Stage, full_name: str, count: int) -> None:
    repository = await stage.add_repository(full_name)
    for number in range(count):
        await stage.trigger(repository, f"{full_name}-{number}")

    async def all_there() -> bool:
        return len(await stage.rows("SELECT id FROM api.runs WHERE repository = %s", full_name)) == count

    await eventually(all_there, "the runs are there")


async def dispatched(stage: Stage) -> dict[str, int]:
    rows = await stage.rows(
        "SELECT run.repository, count(*) AS jobs FROM orchestrator.jobs AS job JOIN api.runs AS run ON run.id = job.run_id"
        " WHERE job.dispatched_at IS NOT NULL AND job.finished_at IS NULL GROUP BY run.repository"
    )
    return {row["repository"]: row["jobs"] for row in rows}


async def wait_for_dispatched(stage: Stage, expected: dict[str, int]) -> None:
    async def probe() -> bool:
        return await dispatched(stage) == expected

    await eventually(probe, f"dispatched are {expected}")


async def test_without_a_runner_jobs_wait_in_the_database(stage: Stage) -> None:
    await queue_runs(stage, "octo/demo", 3)
    assert await work_messages(stage) == 0
    assert await dispatched(stage) == {}
    await stage.runner(slots=1)
    await wait_for_dispatched(stage, {"octo/demo": 2})
    assert await work_messages(stage) == 2


async def test_a_draining_runner_makes_no_room(stage: Stage) -> None:
    runner = await stage.runner(joins=False)
    await runner.heartbeat(slots=4, is_draining=True)
    await queue_runs(stage, "octo/demo", 1)
    assert await dispatched(stage) == {}
    await runner.heartbeat(slots=4)
    await wait_for_dispatched(stage, {"octo/demo": 1})


async def test_the_room_is_twice_the_slots_of_all_replicas_and_is_filled_again(stage: Stage) -> None:
    runner = await stage.runner(slots=1)
    await runner.heartbeat(slots=1, replica="r2")
    await queue_runs(stage, "octo/demo", 7)
    await wait_for_dispatched(stage, {"octo/demo": 4})
    work = await stage.next_work()
    await runner.claim(work)
    await runner.began(work)
    assert await dispatched(stage) == {"octo/demo": 4}
    await runner.ended(work, JobState.FAILED)
    await wait_for_dispatched(stage, {"octo/demo": 4})
    assert len(await stage.rows("SELECT id FROM orchestrator.jobs WHERE dispatched_at IS NULL")) == 2


async def test_two_orchestrators_together_dispatch_no_more_than_one(stage: Stage) -> None:
    async with orchestrating(stage.settings):
        await queue_runs(stage, "octo/demo", 20)
        await stage.runner(slots=3)
        await wait_for_dispatched(stage, {"octo/demo": 6})
        assert await work_messages(stage) == 6


async def test_a_busy_repository_does_not_starve_another(stage: Stage) -> None:
    await queue_runs(stage, "octo/busy", 12)
    await queue_runs(stage, "octo/calm", 1)
    await queue_runs(stage, "octo/other", 3)
    await stage.runner(slots=4)
    await wait_for_dispatched(stage, {"octo/busy": 4, "octo/calm": 1, "octo/other": 3})


async def test_the_oldest_of_a_repository_is_first(stage: Stage) -> None:
    await queue_runs(stage, "octo/demo", 5)
    await stage.runner(slots=1)
    await wait_for_dispatched(stage, {"octo/demo": 2})
    rows = await stage.rows(
        "SELECT run.number FROM orchestrator.jobs AS job JOIN api.runs AS run ON run.id = job.run_id"
        " WHERE job.dispatched_at IS NOT NULL ORDER BY run.number"
    )
    assert [row["number"] for row in rows] == [1, 2]


async def test_what_nobody_claims_is_offered_again(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(bus, nats_server.url, database_url, unclaimed_seconds=0.3) as stage:
        runner = await stage.runner()
        await stage.trigger(await stage.add_repository())
        lost = await stage.next_work()
        again = await stage.next_work()
        assert again == lost
        assert (await runner.claim(again)).granted


async def test_an_offer_that_still_waits_is_not_doubled(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(bus, nats_server.url, database_url, unclaimed_seconds=0.1) as stage:
        await stage.runner()
        await stage.trigger(await stage.add_repository())

        async def was_offered_again() -> bool:
            rows = await stage.rows(
                "SELECT dispatched_at > queued_at + interval '0.5 seconds' AS again FROM orchestrator.jobs"
            )
            return bool(rows and rows[0]["again"])

        await eventually(was_offered_again, "it is offered again")
        assert await work_messages(stage) == 1
