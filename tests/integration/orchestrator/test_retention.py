"""Old runs are deleted whole, in small steps, and nothing that is live or still needed by somebody."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY

from nats_server import NatsServer
from orchestrator_stage import Stage, TestRunner, eventually, make_settings, orchestrating
from retention_stage import OldRun, Others, add_repository, add_runs, answering
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import ConflictError
from tisktask_common.events import RunDeleted
from tisktask_common.ids import RepositoryId, RunId
from tisktask_common.lifecycle import JobState
from tisktask_common.orders import RerunMode, RerunRun
from tisktask_common.run_deletion import DeleteRun
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.retention import deletion
from tisktask_orchestrator.retention.rounds import delete_old
from tisktask_orchestrator.store.retention import read_run_ties
from tisktask_orchestrator.store.runs import lock_run

#: More than are asked about at once.
RUNS = 400
#: All that hangs on a run: table and column.
BELONGINGS = {
    "history": "run_id", "annotations": "run_id", "run_data": "run_id", "data_keys": "run_id", "jobs": "run_id",
    "runs": "id",
}  # fmt: skip


@dataclass
class Place:
    """A stage whose orchestrator a test can tell to go through the runs now."""

    stage: Stage
    collaborators: Collaborators
    others: Others

    async def add(self, *runs: OldRun, **rules: Any) -> tuple[RepositoryId, list[RunId]]:
        async with await self.connect() as connection:
            repository = await add_repository(connection, **rules)
            return repository, await add_runs(connection, repository, runs)

    async def connect(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self.stage.database_url, autocommit=True)

    async def round(self) -> None:
        await delete_old(self.collaborators)

    async def left(self, repository: str) -> list[int]:
        rows = await self.stage.rows(
            "SELECT number FROM orchestrator.runs WHERE repository_id = %s ORDER BY number", repository
        )
        return [row["number"] for row in rows]

    async def belongings(self, runs: list[RunId]) -> dict[str, int]:
        counts = {}
        for table, column in BELONGINGS.items():
            query: Any = f"SELECT count(*) AS count FROM orchestrator.{table} WHERE {column} = ANY(%s)"
            counts[table] = (await self.stage.rows(query, runs))[0]["count"]
        return counts

    async def deleted(self) -> list[RunDeleted]:
        return [event for event in await self.stage.events() if isinstance(event, RunDeleted)]


@asynccontextmanager
async def placing(bus: Bus, nats_url: str, database_url: str, **fields: Any) -> AsyncGenerator[Place]:
    settings = make_settings(nats_url, database_url, **fields)
    stage = Stage(bus, nats_url, database_url, settings)
    before = _last_round()

    async def has_gone_through() -> bool:
        return _last_round() != before

    async with answering(bus) as others, orchestrating(settings) as collaborators:
        try:
            # Its own round at its start is not to come in between; the next one is minutes away.
            await eventually(has_gone_through, "the first round")
            yield Place(stage, collaborators, others)
        finally:
            for runner in stage.runners:
                await runner.bus.close()


def _last_round() -> float | None:
    return REGISTRY.get_sample_value("tisktask_retention_last_round_timestamp_seconds")


@pytest.fixture
async def place(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Place]:
    # Runs are made old here: what is at work is not to be stopped for that.
    async with placing(bus, nats_server.url, database_url, keep_runs_min=1, run_seconds_max=1e9) as place:
        yield place


async def test_an_old_run_goes_with_all_that_belongs_to_it_and_says_so(place: Place) -> None:
    repository, runs = await place.add(OldRun(jobs=4), OldRun(jobs=2), OldRun(ended_days_ago=1))
    await place.round()
    assert await place.left(repository) == [3]
    assert set((await place.belongings(runs[:2])).values()) == {0}
    assert all((await place.belongings(runs[2:])).values())
    assert [(event.run_id, event.number, event.reason) for event in await place.deleted()] == [
        (runs[0], 1, "Deleted by retention."),
        (runs[1], 2, "Deleted by retention."),
    ]
    # By its trigger a delivery that is sent again is known.
    (triggers,) = await place.stage.rows("SELECT count(*) AS count FROM orchestrator.triggers")
    assert triggers["count"] == 3


async def test_what_others_need_stays_until_they_do_not(place: Place) -> None:
    repository, runs = await place.add(*[OldRun() for _ in range(5)])
    place.others.undelivered.add(runs[0])
    place.others.incomplete.add(runs[1])
    await place.round()
    assert await place.left(repository) == [1, 2, 5]
    assert REGISTRY.get_sample_value("tisktask_runs_old_but_needed") == 2
    place.others.undelivered.clear()
    place.others.incomplete.clear()
    await place.round()
    assert await place.left(repository) == [5]


async def test_without_an_answer_nothing_is_deleted(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    settings = make_settings(nats_server.url, database_url, keep_runs_min=0)
    async with orchestrating(settings) as collaborators:
        place = Place(Stage(bus, nats_server.url, database_url, settings), collaborators, Others(bus))
        repository, runs = await place.add(OldRun(), OldRun())
        with pytest.raises(ConflictError, match="the reporter has not read its last states, or does not answer"):
            await place.stage.bus.request(DeleteRun(run_id=runs[0]), 20)
        assert await place.left(repository) == [1, 2]


async def test_a_run_whose_states_the_reporter_has_not_read_is_not_deleted(place: Place) -> None:
    runner = await place.stage.runner()
    place.others.reads.clear()
    run, works = await place.stage.start_run(runner, "build")
    await runner.run(works["build"])
    await place.stage.wait_for_run(run, "succeeded")
    await place.stage.wait_for_empty_outbox()
    with pytest.raises(ConflictError, match="has not read its last states"):
        await place.stage.bus.request(DeleteRun(run_id=run), 20)
    place.others.reads.set()
    assert (await place.stage.bus.request(DeleteRun(run_id=run, actor="ada"), 20)).accepted
    assert [event.reason for event in await place.deleted()] == ["Deleted by ada."]
    # Asked again, because the answer was lost: it is done.
    assert (await place.stage.bus.request(DeleteRun(run_id=run), 20)).accepted


async def test_a_run_at_work_is_not_deleted_by_anybody(place: Place) -> None:
    runner = await place.stage.runner()
    run, works = await place.stage.start_run(runner, "build")
    with pytest.raises(ConflictError, match=r"run #1 can not be deleted: it has not ended \(running\). Cancel it"):
        await place.stage.bus.request(DeleteRun(run_id=run), 20)
    # However old the row says that it is.
    await place.stage.rows("UPDATE orchestrator.runs SET created_at = now() - interval '9 years'")
    await place.round()
    assert await place.stage.run_state(run) == "running"
    await runner.run(works["build"])


async def test_a_run_whose_events_are_in_the_outbox_stays(place: Place) -> None:
    repository, runs = await place.add(OldRun(), OldRun(ended_days_ago=1))
    async with await place.connect() as connection, connection.transaction():
        # Not committed where the relay could see it: the deletion runs in the same transaction.
        await connection.execute(
            "INSERT INTO orchestrator.outbox (lane, subject, message_id, data, created_at)"
            " SELECT repository_id, 'run.finished.x', 'm', '', finished_at FROM orchestrator.runs WHERE number = 1"
        )
        locked = await lock_run(connection, runs[0])
        assert locked is not None
        ties = await read_run_ties(connection, runs[0])
        assert ties is not None
        assert ties.is_in_outbox
        await connection.execute("DELETE FROM orchestrator.outbox")
    await place.round()
    assert await place.left(repository) == [2]


async def test_a_run_whose_jobs_are_shown_in_a_newer_one_goes_after_that(place: Place) -> None:
    runner = await place.stage.runner()
    old, works = await place.stage.start_run(runner, "build", "test")
    await runner.run(works["build"])
    await runner.run(works["test"], JobState.FAILED)
    await place.stage.wait_for_run(old, "failed")
    made = await place.stage.bus.request(RerunRun(run_id=old, mode=RerunMode.FAILED, request_id="r"))
    await runner.run(await place.stage.next_work())
    await place.stage.wait_for_run(made.run_id, "succeeded")
    await place.stage.wait_for_empty_outbox()
    with pytest.raises(ConflictError, match=r"run #2 shows what has run in it. Delete that one first"):
        await place.stage.bus.request(DeleteRun(run_id=old), 20)
    await place.stage.rows("UPDATE orchestrator.runs SET finished_at = now() - interval '99 days' WHERE id = %s", old)
    await place.round()
    (carried,) = await place.stage.rows(
        "SELECT count(*) AS count FROM api.carried_jobs WHERE carried_from_run = %s", old
    )
    assert carried["count"] == 2
    assert (await place.stage.bus.request(DeleteRun(run_id=made.run_id), 20)).accepted
    assert (await place.stage.bus.request(DeleteRun(run_id=old), 20)).accepted


async def test_a_removed_repository_goes_with_its_last_run(place: Place) -> None:
    repository, _ = await place.add(OldRun(), OldRun(), is_removed=True)
    fresh, _ = await place.add(OldRun(), OldRun(ended_days_ago=3), is_removed=True)
    await place.round()
    left = await place.stage.rows("SELECT id FROM orchestrator.repositories")
    assert [row["id"] for row in left] == [fresh]
    assert await place.left(fresh) == [2]
    assert not await place.stage.rows("SELECT FROM orchestrator.triggers WHERE repository_id = %s", repository)


async def test_triggers_outlive_their_runs_by_their_own_rule(place: Place) -> None:
    repository, _ = await place.add(OldRun(ended_days_ago=364), OldRun(ended_days_ago=366), OldRun(ended_days_ago=1))
    await place.round()
    rows = await place.stage.rows("SELECT right(id, 1) AS n FROM orchestrator.triggers ORDER BY id")
    assert await place.left(repository) == [3]
    assert [row["n"] for row in rows] == ["1", "3"]


@pytest.mark.parametrize("step", ["delete_run_data", "insert_outbox", "delete_run"])
async def test_a_deletion_that_breaks_off_leaves_nothing_half(
    place: Place, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, runs = await place.add(OldRun(jobs=3), OldRun(ended_days_ago=1))
    before = await place.belongings(runs[:1])
    real = getattr(deletion, step)

    async def die_after(*values: Any) -> Any:
        await real(*values)
        raise KeyboardInterrupt("killed")

    with monkeypatch.context() as patched:
        patched.setattr(deletion, step, die_after)
        with pytest.raises(KeyboardInterrupt):
            await place.round()
    after = await place.belongings(runs[:1])
    shared = {"run_data", "data_keys"} if step != "delete_run_data" else set[str]()
    assert after == {table: 0 if table in shared else count for table, count in before.items()}
    assert await place.deleted() == []
    await place.round()
    assert set((await place.belongings(runs[:1])).values()) == {0}
    assert [event.run_id for event in await place.deleted()] == runs[:1]
    assert await place.left(repository) == [2]


@pytest.mark.timeout(180)
async def test_hundreds_of_old_runs_go_while_new_ones_run(place: Place) -> None:
    repository, old = await place.add(*[OldRun(jobs=3) for _ in range(RUNS)])
    runner = await place.stage.runner()
    slowest = 0.0
    running = asyncio.create_task(place.round())
    count = 0
    while not running.done():
        count += 1
        slowest = max(slowest, await _run_once(place.stage, runner, count))
    await running
    assert await place.left(repository) == [RUNS]
    assert sum((await place.belongings(old[:-1])).values()) == 0
    assert len(await place.deleted()) == RUNS - 1
    states = await place.stage.rows("SELECT state FROM api.runs WHERE repository = 'octo/demo'")
    assert {row["state"] for row in states} == {"succeeded"}
    assert count >= 3, "there was a load"
    # Far below the lease: whoever beats or claims is not kept waiting.
    assert slowest < place.stage.settings.lease_seconds / 3


async def _run_once(stage: Stage, runner: TestRunner, count: int) -> float:
    """Bring one run to its end; returns the longest time that a request of it took."""
    before = time.monotonic()
    await runner.heartbeat()
    slowest = time.monotonic() - before
    run, works = await stage.start_run(runner, "build", delivery=f"d{count}")
    before = time.monotonic()
    await runner.run(works["build"])
    slowest = max(slowest, time.monotonic() - before)
    await stage.wait_for_run(run, "succeeded")
    return slowest


async def test_two_orchestrators_delete_each_run_once(place: Place, nats_server: NatsServer, database_url: str) -> None:
    repository, _ = await place.add(*[OldRun() for _ in range(60)])
    async with orchestrating(make_settings(nats_server.url, database_url, keep_runs_min=1)) as other:
        await asyncio.gather(place.round(), delete_old(other))

        async def is_done() -> bool:
            return await place.left(repository) == [60]

        await eventually(is_done, "all old runs are gone")
        numbers = [event.number for event in await place.deleted()]
    assert sorted(numbers) == list(range(1, 60))
