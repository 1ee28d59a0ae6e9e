"""One transaction that changes a run or its jobs: holds the run's lock, counts its revision, collects its events.

Whoever changes a run or a job of it comes through here, so all changes of one run happen one after the other.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from nats.errors import Error as NatsError

from tisktask_common.bus.connection import Outgoing
from tisktask_common.database.pool import Connection
from tisktask_common.errors import NotFoundError
from tisktask_common.events import (
    AttemptFailed,
    AttemptLost,
    Change,
    JobEvent,
    JobFinished,
    JobQueued,
    Repository,
    RunEvent,
)
from tisktask_common.ids import JobId, RunId
from tisktask_common.job_requests import News
from tisktask_common.lifecycle import JobKind, JobState, RunState
from tisktask_common.rpc import StopOrder
from tisktask_common.subjects import WORK_TOPIC, control_subject, event_subject
from tisktask_orchestrator import words
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.dispatch import dispatch_within
from tisktask_orchestrator.news import JOBS_TOPIC, send_news
from tisktask_orchestrator.store.families import list_runners_of_run
from tisktask_orchestrator.store.outbox import append_run_events
from tisktask_orchestrator.store.rows import JobRow, RunRow
from tisktask_orchestrator.store.runners import list_hosts_for_room, list_hosts_for_run
from tisktask_orchestrator.store.runs import lock_run, lock_run_of_job
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()


@dataclass
class RunChange:
    """What a transaction does to one run."""

    connection: Connection
    run: RunRow
    events: list[Outgoing] = field(default_factory=list[Outgoing])
    #: Runner and order, said to it at once after the commit; the heartbeats' replies repeat it.
    stop_orders: list[tuple[str, StopOrder]] = field(default_factory=list[tuple[str, StopOrder]])
    #: Runner and news for it, sent after the commit.
    news: list[tuple[str, News]] = field(default_factory=list[tuple[str, News]])

    #: It has put jobs into the queue.
    has_queued: bool = False
    #: It has made room for work, or work that it could not dispatch itself.
    is_work_wanted: bool = False
    #: It has left something to decide about who may run.
    is_vetting_wanted: bool = False
    #: Jobs have ended: others of the run may wait for that.
    has_ended_jobs: bool = False
    #: Attempts have ended: others of a repository with a limit may wait for that.
    has_made_room: bool = False

    def emit(self, event_type: type[RunEvent], **fields: Any) -> None:
        """Add an event about the run, as the run is now."""
        self.run = replace(self.run, revision=self.run.revision + 1)
        event: Any = event_type(
            run_id=self.run.id,
            number=self.run.number,
            revision=self.run.revision,
            repository=Repository(id=self.run.repository_id, forge=self.run.forge, full_name=self.run.full_name),
            change=Change.model_validate(self.run.change),
            state=RunState(self.run.state),
            **fields,
        )
        self.events.append(Outgoing(event_subject(event), event.model_dump_json().encode(), event.id))

    def emit_about_job(self, event_type: type[JobEvent], job: JobRow, **fields: Any) -> None:
        """Add an event about a job, as the job and its run are now."""
        self.has_queued |= event_type is JobQueued
        self.is_work_wanted |= event_type is JobFinished
        self.has_ended_jobs |= event_type is JobFinished
        self.has_made_room |= event_type in {JobFinished, AttemptFailed, AttemptLost}
        self.emit(
            event_type,
            job_id=job.id,
            name=job.name,
            kind=JobKind(job.kind),
            job_state=JobState(job.state),
            attempt=job.attempt,
            title=job.title,
            parent_job_id=job.parent_job_id,
            has_status=job.has_status,
            may_fail=job.may_fail,
            is_detached=job.is_detached,
            **fields,
        )


@asynccontextmanager
async def changing_run(collaborators: Collaborators, run: RunId) -> AsyncGenerator[RunChange]:
    """Open a transaction on a run; it is committed with its events, or not at all."""
    async with transaction(collaborators.pool) as connection:
        row = await lock_run(connection, run)
        if row is None:
            raise NotFoundError(words.unknown_run(run))
        change = RunChange(connection, row)
        yield change
        await write_down(change)
    await tell_after_commit(collaborators, change)


@asynccontextmanager
async def changing_run_of_job(collaborators: Collaborators, job: JobId) -> AsyncGenerator[RunChange]:
    """Open a transaction on the run that a job belongs to."""
    async with transaction(collaborators.pool) as connection:
        row = await lock_run_of_job(connection, job)
        if row is None:
            raise NotFoundError(words.unknown_job(job))
        change = RunChange(connection, row)
        yield change
        await write_down(change)
    await tell_after_commit(collaborators, change)


async def write_down(change: RunChange) -> None:
    """Store the events and the revision that they have brought the run to; offer what was queued to the runners."""
    if not change.events:
        return
    await append_run_events(change.connection, change.run, change.events)
    if change.has_ended_jobs:
        news = News(scope=change.run.id, topics=[JOBS_TOPIC])
        change.news += [(runner, news) for runner in await list_runners_of_run(change.connection, change.run.id)]
    if change.has_queued:
        change.is_work_wanted |= not await dispatch_within(change.connection)
    for runner in await _hosts_with_news(change):
        change.news.append((runner, News(scope=runner, topics=[WORK_TOPIC])))


async def _hosts_with_news(change: RunChange) -> list[str]:
    """List the hosts that may be offered a job with labels now."""
    hosts = await list_hosts_for_run(change.connection, change.run.id) if change.has_queued else []
    if change.has_made_room:
        hosts += await list_hosts_for_room(change.connection, change.run.repository_id)
    return sorted({host.runner for host in hosts})


async def tell_after_commit(collaborators: Collaborators, change: RunChange) -> None:
    """Wake who goes on with it, pass on orders to stop, and news. All that would also be found out otherwise, later."""
    if change.is_work_wanted:
        collaborators.work_wanted.set()
    if change.is_vetting_wanted:
        collaborators.vetting_wanted.set()
    for runner, order in change.stop_orders:
        try:
            await collaborators.bus.client.publish(control_subject(runner), order.model_dump_json().encode())
        except NatsError as error:
            log.warning("stop_order_not_sent", runner=runner, job=order.job_id, error=repr(error))
    for runner, news in change.news:
        await send_news(collaborators.bus, runner, news)
