"""The two jobs of a run that are not programs: its preparation, and before it, where it is vetted, its inspection."""

from tisktask_common.events import JobCreated, JobQueued
from tisktask_common.lifecycle import JobKind
from tisktask_common.rpc import Program
from tisktask_common.subjects import DEFAULT_POOL
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.store.jobs import NewJobs, insert_jobs

#: What they are called in lists and logs, and in statements.
PREPARE, INSPECT = "prepare", "inspect"


async def queue_preparation(change: RunChange) -> None:
    await _queue(change, PREPARE)


async def queue_inspection(change: RunChange) -> None:
    """Have a runner look what the commit has: it builds and executes nothing."""
    await _queue(change, INSPECT)


async def _queue(change: RunChange, name: str) -> None:
    run = change.run
    new = NewJobs(run.id, run.repository_id, JobKind.PREPARE, DEFAULT_POOL, [Program(name=name, path="")])
    for job in await insert_jobs(change.connection, new):
        change.emit_about_job(JobCreated, job)
        change.emit_about_job(JobQueued, job)
