"""A dry run of retention tells what the next round deletes, and what all else is kept for."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY

from nats_server import NatsServer
from orchestrator_stage import eventually, make_settings, orchestrating
from retention_stage import OldRun, Others, add_repository, add_runs, answering
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import NotFoundError
from tisktask_common.retention import RepositoryRetention, RetentionReport, ShowRetention
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.retention.rounds import delete_old

RULES = {"keep_run_days": 90, "keep_runs_min": 2, "keep_runs_max": 0, "keep_branch_days": 365}


@pytest.fixture
async def collaborators(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Collaborators]:
    def last_round() -> float | None:
        return REGISTRY.get_sample_value("tisktask_retention_last_round_timestamp_seconds")

    before = last_round()

    async def has_gone_through() -> bool:
        return last_round() != before

    async with orchestrating(make_settings(nats_server.url, database_url, **RULES)) as collaborators:
        # Its own round at its start is not to come in between; the next one is minutes away.
        await eventually(has_gone_through, "the first round")
        yield collaborators


@pytest.fixture
async def connection(collaborators: Collaborators, database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    assert collaborators
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def others(bus: Bus) -> AsyncIterator[Others]:
    async with answering(bus) as others:
        yield others


async def show(bus: Bus, repository: str = "") -> RetentionReport:
    return await bus.request(ShowRetention(repository=repository), 20)


def of(report: RetentionReport, repository: str) -> RepositoryRetention:
    return next(one for one in report.repositories if one.repository_id == repository)


async def count_runs(connection: psycopg.AsyncConnection[Any], repository: str) -> int:
    query = "SELECT count(*) FROM orchestrator.runs WHERE repository_id = %s"
    row = await (await connection.execute(query, [repository])).fetchone()
    assert row
    return int(row[0])


@pytest.mark.usefixtures("others")
async def test_what_is_shown_is_what_the_next_round_deletes(
    bus: Bus, collaborators: Collaborators, connection: psycopg.AsyncConnection[Any]
) -> None:
    repository = await add_repository(connection, keep_max=7)
    old, topic = OldRun(), OldRun(branch="topic", ended_days_ago=200)
    runs = [old, old, topic, old, OldRun(ended_days_ago=5), OldRun(ended_days_ago=5), OldRun(ended_days_ago=None)]
    await add_runs(connection, repository, [OldRun(ended_days_ago=3), *runs, OldRun(ended_days_ago=4)])
    removed = await add_repository(connection, is_removed=True)
    await add_runs(connection, removed, [OldRun(), OldRun(ended_days_ago=1)])

    report = await show(bus)
    shown = of(report, repository)
    assert (shown.keep_days, shown.keep_min, shown.keep_max, shown.is_removed) == (90, 2, 7, False)
    assert (shown.old, shown.too_many, shown.needed, shown.not_asked) == (3, 1, {}, 0)
    assert shown.kept == {"at_work": 1, "young": 3, "newest_of_branch": 1}
    gone = of(report, removed)
    assert (gone.is_removed, gone.old, gone.kept) == (True, 1, {"young": 1})
    assert await count_runs(connection, repository) == 9

    await delete_old(collaborators)
    assert await count_runs(connection, repository) == 5
    after = of(await show(bus, repository), repository)
    assert (after.old, after.too_many, after.kept) == (0, 0, shown.kept)


async def test_what_others_need_is_told_with_what_for(
    bus: Bus, others: Others, connection: psycopg.AsyncConnection[Any]
) -> None:
    repository = await add_repository(connection, keep_min=0)
    runs = await add_runs(connection, repository, [OldRun(branch=None) for _ in range(5)])
    others.undelivered |= {runs[0], runs[1]}
    others.incomplete.add(runs[2])
    shown = of(await show(bus), repository)
    assert (shown.old, shown.needed) == (5, {"states_not_delivered": 2, "log_not_complete": 1})


async def test_without_an_answer_all_that_would_go_is_needed(
    bus: Bus, connection: psycopg.AsyncConnection[Any]
) -> None:
    repository = await add_repository(connection, keep_min=0)
    await add_runs(connection, repository, [OldRun(branch=None)])
    assert of(await show(bus), repository).needed == {"states_not_read": 1}


@pytest.mark.usefixtures("others")
async def test_one_repository_is_asked_for_by_name_or_id(bus: Bus, connection: psycopg.AsyncConnection[Any]) -> None:
    first, second = await add_repository(connection), await add_repository(connection)
    for name in (first, f"octo/{first}"):
        assert [one.repository_id for one in (await show(bus, name)).repositories] == [first]
    assert {one.repository_id for one in (await show(bus)).repositories} == {first, second}
    with pytest.raises(NotFoundError, match="there is no repository 'octo/none'"):
        await show(bus, "octo/none")


@pytest.mark.usefixtures("others")
async def test_triggers_that_go_are_counted(
    bus: Bus, collaborators: Collaborators, connection: psycopg.AsyncConnection[Any]
) -> None:
    repository = await add_repository(connection)
    await add_runs(connection, repository, [OldRun(ended_days_ago=900, branch=None)])
    moment = datetime(2001, 1, 1, tzinfo=UTC)
    await connection.execute(
        "INSERT INTO orchestrator.triggers (id, repository_id, delivery, received_at) VALUES ('trg_x', %s, 'x', %s)",
        [repository, moment],
    )
    report = await show(bus)
    assert (report.old_triggers, report.keep_trigger_days) == (1, collaborators.settings.keep_trigger_days)
    # The newest runs stay, and with them their triggers.
    assert of(report, repository).kept == {"newest": 1}
