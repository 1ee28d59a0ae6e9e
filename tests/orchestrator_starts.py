"""Runs that are wanted without a webhook, as tests ask for them, and a clock that tests set."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from orchestrator_looks import look, runs_of, sha
from orchestrator_stage import Stage, TestRunner, eventually
from tisktask_common.events import Repository
from tisktask_common.starts import AddSchedule, ScheduleSet, ScheduleTerms, StartMade, StartRun

MONDAY = datetime(2026, 6, 1, 10, 30, 30, tzinfo=UTC)
HEADS = {"refs/heads/main": sha("a"), "refs/heads/release/1": sha("b"), "refs/tags/v1": sha("c")}


@dataclass
class Clock:
    """What time the orchestrator believes it is."""

    now: datetime = MONDAY

    def __call__(self) -> datetime:
        return self.now

    def go(self, **span: float) -> None:
        self.now += timedelta(**span)


async def start(stage: Stage, repository: Repository, request_id: str = "q", **fields: Any) -> StartMade:
    return await stage.bus.request(StartRun(repository_id=repository.id, actor="ada", request_id=request_id, **fields))


async def schedule(
    stage: Stage, repository: Repository, name: str = "nightly", cron: str = "0 * * * *", **terms: Any
) -> ScheduleSet:
    return await stage.bus.request(
        AddSchedule(repository_id=repository.id, name=name, terms=ScheduleTerms(cron=cron, **terms))
    )


async def start_rows(stage: Stage, repository: Repository) -> list[dict[str, Any]]:
    return await stage.rows("SELECT * FROM api.starts WHERE repository_id = %s ORDER BY id", repository.id)


async def schedule_row(stage: Stage, repository: Repository, name: str = "nightly") -> dict[str, Any]:
    (row,) = await stage.rows("SELECT * FROM api.schedules WHERE repository_id = %s AND name = %s", repository.id, name)
    return row


async def wait_for_starts(stage: Stage, repository: Repository, count: int) -> list[dict[str, Any]]:
    async def probe() -> list[dict[str, Any]]:
        found = await start_rows(stage, repository)
        return found if len(found) >= count else []

    return await eventually(probe, f"{count} runs are wanted")


async def see(runner: TestRunner, repository: Repository) -> None:
    """Make the look that somebody waits for."""
    await look(runner, repository, HEADS)


async def last_run(stage: Stage, repository: Repository) -> dict[str, Any]:
    return (await runs_of(stage, repository))[-1]
