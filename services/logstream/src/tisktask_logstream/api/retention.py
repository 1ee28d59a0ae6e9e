"""What retention would delete now, of runs, triggers and logs: a dry run."""

from aiohttp import web
from pydantic import BaseModel, Field

from tisktask_common.retention import RepositoryRetention, ShowRetention
from tisktask_logstream.api.models import Strict
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import read_query
from tisktask_logstream.archive.log_store import LogStore, OldLogs
from tisktask_logstream.archive.retention import LogRules
from tisktask_logstream.bus_link import BusLink

#: The orchestrator asks others about each repository. Asked anew meanwhile, it would begin from the start.
_PATIENCE_SECONDS = 12.0


class RetentionQuery(Strict):
    """Which repository is meant."""

    repository: str = Field(default="", max_length=300, description="a name or an id; empty: all")


class LogsKept(BaseModel):
    """Stored logs. 0 days: as long as their runs; 0 bytes: no limit."""

    keep_days: int
    bytes_max: int
    stored_bytes: int
    #: Jobs whose logs go by age, and what these take.
    old_jobs: int
    old_bytes: int
    #: What goes besides for room, the oldest of ended runs first.
    bytes_above_max: int


class Retention(BaseModel):
    """What the next rounds would delete."""

    repositories: list[RepositoryRetention]
    left_out: int
    old_triggers: int
    keep_trigger_days: int
    keep_branch_days: int
    logs: LogsKept


class RetentionRoutes:
    """Asks the orchestrator about runs, and its own table about logs."""

    def __init__(self, logs: LogStore, bus: BusLink, rules: LogRules) -> None:
        self._logs = logs
        self._bus = bus
        self._rules = rules

    def operations(self) -> list[Operation]:
        summary = "Which runs, triggers and logs would be deleted now, and why the rest is kept"
        return [Operation("GET", "/retention", self.show_retention, summary, Retention, RetentionQuery, errors=(404,))]

    async def show_retention(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, RetentionQuery)
        order = ShowRetention(repository=query.repository)
        runs = await self._bus.request(order, _PATIENCE_SECONDS, _PATIENCE_SECONDS)
        return json_answer(Retention(**dict(runs), logs=await self._count_logs()))

    async def _count_logs(self) -> LogsKept:
        days, bytes_max = self._rules.keep_days, self._rules.bytes_max
        old = await self._logs.count_old_logs(days) if days else OldLogs()
        stored = await self._logs.read_stored_bytes()
        return LogsKept(
            keep_days=days,
            bytes_max=bytes_max,
            stored_bytes=stored,
            old_jobs=old.jobs,
            old_bytes=old.bytes,
            bytes_above_max=max(0, stored - old.bytes - bytes_max) if bytes_max else 0,
        )
