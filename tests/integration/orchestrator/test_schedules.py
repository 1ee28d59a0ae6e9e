"""Schedules: fired when they are due, once, whatever the clock does and however many orchestrators there are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nats_server import NatsServer
from orchestrator_looks import runs_of, sha
from orchestrator_stage import Stage, eventually, orchestrating, staging
from orchestrator_starts import MONDAY, Clock, last_run, schedule, schedule_row, see, start_rows, wait_for_starts
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import ConflictError, NotFoundError, UserError
from tisktask_common.events import Repository, RunCreated
from tisktask_common.ids import RepositoryId, RunId
from tisktask_common.rpc import RemoveRepository
from tisktask_common.starts import ChangeSchedule, Overlap, RemoveSchedule, RunSchedule


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str, clock: Clock) -> AsyncIterator[Stage]:
    async with staging(bus, nats_server.url, database_url, now=clock) as stage:
        yield stage


async def change(stage: Stage, repository: Repository, **fields: Any) -> None:
    await stage.bus.request(ChangeSchedule(repository_id=repository.id, name="nightly", **fields))


async def answered(stage: Stage, repository: Repository, due: datetime) -> dict[str, Any]:
    """Wait until the schedule has answered for a time."""

    async def probe() -> bool:
        return (await schedule_row(stage, repository))["last_due_at"] == due

    await eventually(probe, f"{due} was answered")
    return await schedule_row(stage, repository)


async def test_a_schedule_that_is_due_becomes_a_run_with_its_name_time_and_inputs(stage: Stage, clock: Clock) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    made = await schedule(
        stage, repository, cron="0 13 * * *", time_zone="Europe/Berlin", inputs={"full": "yes"}, ref="v1"
    )
    due = datetime(2026, 6, 1, 11, 0, tzinfo=UTC)
    assert made.next_at == due
    clock.now = due
    (wanted,) = await wait_for_starts(stage, repository, 1)
    assert (wanted["event"], wanted["action"], wanted["schedule"]) == ("schedule", "nightly", "nightly")
    await see(runner, repository)
    run = await last_run(stage, repository)
    assert (run["sha"], run["origin"]) == (sha("c"), "schedule")
    assert (run["change"]["event"], run["change"]["action"], run["change"]["tag"]) == ("schedule", "nightly", "v1")
    grant = await runner.claim(await stage.next_work())
    assert grant.spec
    assert (grant.spec.schedule, grant.spec.scheduled_at, grant.spec.inputs) == ("nightly", due, {"full": "yes"})
    row = await schedule_row(stage, repository)
    assert (row["next_at"], row["last_due_at"], row["skipped"]) == (due + timedelta(days=1), due, "")
    (created,) = [event for event in await stage.events() if isinstance(event, RunCreated)]
    assert (created.schedule, created.scheduled_at) == ("nightly", due)


async def test_many_missed_times_make_one_run_of_the_newest(
    bus: Bus, nats_server: NatsServer, database_url: str, clock: Clock
) -> None:
    async with staging(bus, nats_server.url, database_url, now=clock) as stage:
        repository = await stage.add_repository()
        await schedule(stage, repository, cron="*/10 * * * *")
    clock.go(days=3, minutes=4)
    async with staging(bus, nats_server.url, database_url, now=clock) as stage:
        (wanted,) = await wait_for_starts(stage, repository, 1)
        assert wanted["scheduled_at"] == datetime(2026, 6, 4, 10, 30, tzinfo=UTC)
        row = await schedule_row(stage, repository)
        assert row["next_at"] == datetime(2026, 6, 4, 10, 40, tzinfo=UTC)
        clock.go(minutes=10)
        await answered(stage, repository, datetime(2026, 6, 4, 10, 40, tzinfo=UTC))
        assert len(await start_rows(stage, repository)) == 1


async def test_several_orchestrators_fire_once(stage: Stage, clock: Clock) -> None:
    repository = await stage.add_repository()
    names = [f"s{number}" for number in range(10)]
    for name in names:
        await schedule(stage, repository, name)
    async with orchestrating(stage.settings, clock), orchestrating(stage.settings, clock):
        clock.go(hours=1)
        rows = await wait_for_starts(stage, repository, len(names))
        for hour in range(2, 5):
            due = MONDAY.replace(minute=0, second=0) + timedelta(hours=hour)
            clock.now = due

            async def is_answered(due: datetime = due) -> bool:
                found = await stage.rows("SELECT 1 FROM api.schedules WHERE last_due_at = %s", due)
                return len(found) == len(names)

            await eventually(is_answered, "all have answered")
        assert sorted(row["schedule"] for row in rows) == sorted(names)
        assert len(await start_rows(stage, repository)) == len(names)


async def test_a_clock_that_goes_back_fires_nothing_twice(stage: Stage, clock: Clock) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await schedule(stage, repository, overlap=Overlap.ALLOW)
    due = datetime(2026, 6, 1, 11, 0, tzinfo=UTC)
    clock.now = due + timedelta(seconds=20)
    await wait_for_starts(stage, repository, 1)
    await see(runner, repository)
    clock.now = due - timedelta(minutes=5)
    # Changed meanwhile, it is due again at a time that it has answered before.
    await change(stage, repository, cron="0 */1 * * *")
    assert (await schedule_row(stage, repository))["next_at"] == due
    clock.now = due + timedelta(seconds=40)

    async def has_moved_on() -> bool:
        return (await schedule_row(stage, repository))["next_at"] == due + timedelta(hours=1)

    await eventually(has_moved_on, "it goes on")
    assert len(await start_rows(stage, repository)) == 1


async def test_a_time_is_left_out_while_the_last_run_is_at_work_and_that_is_said(stage: Stage, clock: Clock) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await schedule(stage, repository)
    clock.now = datetime(2026, 6, 1, 11, 0, tzinfo=UTC)
    await wait_for_starts(stage, repository, 1)
    clock.go(hours=1)
    row = await answered(stage, repository, clock.now)
    assert row["skipped"] == "2026-06-01 12:00 UTC was left out: the run before it still waited to be started."
    await see(runner, repository)
    clock.go(hours=1)
    row = await answered(stage, repository, clock.now)
    assert row["skipped"] == "2026-06-01 13:00 UTC was left out: run #1 of this schedule had not ended."
    await runner.prepare(await stage.next_work(), "build")
    await runner.run(await stage.next_work())
    (run,) = await stage.rows("SELECT id FROM api.runs")
    await stage.wait_for_run(RunId(run["id"]), "succeeded")
    clock.go(hours=1)
    await wait_for_starts(stage, repository, 2)
    assert (await schedule_row(stage, repository))["skipped"] == ""


async def test_runs_may_overlap_where_that_is_allowed(stage: Stage, clock: Clock) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await schedule(stage, repository, overlap=Overlap.ALLOW)
    for count in (1, 2):
        clock.go(hours=1)
        await wait_for_starts(stage, repository, count)
        await see(runner, repository)
    assert len(await runs_of(stage, repository)) == 2


async def test_a_paused_schedule_rests_and_what_passed_meanwhile_is_not_made_up_for(stage: Stage, clock: Clock) -> None:
    repository = await stage.add_repository()
    await schedule(stage, repository)
    await schedule(stage, repository, "witness")
    await change(stage, repository, is_paused=True)
    row = await schedule_row(stage, repository)
    assert (row["is_paused"], row["next_at"]) == (True, None)
    clock.go(hours=5)
    (wanted,) = await wait_for_starts(stage, repository, 1)
    assert wanted["schedule"] == "witness"
    await change(stage, repository, is_paused=False)
    assert (await schedule_row(stage, repository))["next_at"] == datetime(2026, 6, 1, 16, 0, tzinfo=UTC)
    clock.go(hours=1)
    await answered(stage, repository, datetime(2026, 6, 1, 16, 0, tzinfo=UTC))
    due = [row["scheduled_at"] for row in await start_rows(stage, repository) if row["schedule"] == "nightly"]
    assert due == [datetime(2026, 6, 1, 16, 0, tzinfo=UTC)]


async def test_a_person_runs_a_schedule_now_also_when_it_is_paused(stage: Stage, clock: Clock) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await schedule(stage, repository, is_paused=True, inputs={"a": "b"})
    for request_id in ("one", "one", "two"):
        order = RunSchedule(repository_id=repository.id, name="nightly", request_id=request_id)
        await stage.bus.request(order)
    await see(runner, repository)
    runs = await runs_of(stage, repository)
    assert [run["delivery"] for run in runs] == ["schedule-run:one", "schedule-run:two"]
    given = await stage.rows("SELECT * FROM api.given")
    assert [(row["inputs"], row["schedule"], row["scheduled_at"]) for row in given] == [
        ({"a": "b"}, "nightly", MONDAY)
    ] * 2
    assert (await schedule_row(stage, repository))["last_due_at"] is None


async def test_changes_hold_from_now_on_and_the_rest_stays(stage: Stage) -> None:
    repository = await stage.add_repository()
    await schedule(stage, repository, ref="main", inputs={"a": "1"})
    before = await schedule_row(stage, repository)
    await change(stage, repository, ref="", inputs={"b": "2"}, overlap=Overlap.ALLOW)
    row = await schedule_row(stage, repository)
    assert (row["ref"], row["inputs"], row["overlap"]) == (None, {"b": "2"}, "allow")
    assert (row["cron"], row["next_at"]) == (before["cron"], before["next_at"])
    await change(stage, repository, cron="30 4 * * MON", time_zone="America/New_York")
    assert (await schedule_row(stage, repository))["next_at"] == datetime(2026, 6, 8, 8, 30, tzinfo=UTC)


async def test_a_schedule_is_gone_with_its_repository_or_when_it_is_removed(stage: Stage, clock: Clock) -> None:
    kept, gone = await stage.add_repository("octo/kept"), await stage.add_repository("octo/gone")
    for repository in (kept, gone):
        await schedule(stage, repository)
    await stage.bus.request(RemoveRepository(repository_id=gone.id))
    with pytest.raises(NotFoundError, match="there is no schedule nightly"):
        await change(stage, gone, is_paused=True)
    again = await stage.add_repository("octo/gone")
    clock.go(hours=1)
    await wait_for_starts(stage, kept, 1)
    assert [await start_rows(stage, one) for one in (gone, again)] == [[], []]
    order = RemoveSchedule(repository_id=kept.id, name="nightly")
    assert (await stage.bus.request(order)).accepted
    assert not (await stage.bus.request(order)).accepted
    assert await stage.rows("SELECT 1 FROM api.schedules") == []
    # What it has wanted stays wanted.
    assert [row["state"] for row in await start_rows(stage, kept)] == ["waiting"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"cron": "61 * * * *"}, "cron: '61' is no minute"),
    ({"cron": ""}, "cron: 0 fields"),
    ({"time_zone": "Mars/Olympus"}, "time_zone: 'Mars/Olympus'"),
    ({"ref": "a..b"}, "ref: "),
    ({"inputs": {"a-b": "", "A_B": ""}}, "inputs: a-b and A_B would be the same variable"),
    ({"name": "../x"}, "name: '../x'"),
    ({"name": ""}, "name: ''"),
]


async def test_what_can_not_be_is_refused_with_its_field(stage: Stage) -> None:
    repository = await stage.add_repository()
    await schedule(stage, repository)
    before = await schedule_row(stage, repository)
    for fields, said in REFUSED:
        with pytest.raises(UserError) as raised:
            await schedule(stage, repository, **({"name": "other"} | fields))
        assert raised.value.message.startswith(said)
        if "name" not in fields:
            with pytest.raises(UserError) as raised:
                await change(stage, repository, **fields)
            assert raised.value.message.startswith(said)
    assert await schedule_row(stage, repository) == before
    assert len(await stage.rows("SELECT 1 FROM api.schedules")) == 1


async def test_a_name_is_taken_once_and_the_same_request_again_is_the_same(stage: Stage) -> None:
    repository = await stage.add_repository()
    first = await schedule(stage, repository)
    assert await schedule(stage, repository) == first
    with pytest.raises(ConflictError, match="there is a schedule nightly already"):
        await schedule(stage, repository, cron="1 * * * *")
    unknown = repository.model_copy(update={"id": RepositoryId("repo_x")})
    with pytest.raises(NotFoundError):
        await schedule(stage, unknown)


async def test_a_repository_has_only_so_many(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(bus, nats_server.url, database_url, schedules_max=2) as stage:
        repository = await stage.add_repository()
        for name in ("one", "two"):
            await schedule(stage, repository, name)
        with pytest.raises(ConflictError, match="the repository has 2 schedules"):
            await schedule(stage, repository, "three")
