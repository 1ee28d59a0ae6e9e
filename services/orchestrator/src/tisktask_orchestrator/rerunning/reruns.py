"""A person has a run that has ended run again: that is a new run, for what has ended keeps its end."""

from dataclasses import dataclass, replace

import structlog
from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.errors import ConflictError, NotFoundError, UserError
from tisktask_common.events import JobCreated, JobFinished, JobQueued, RunCreated, RunPrepared
from tisktask_common.ids import JobId, RunId, new_job_id
from tisktask_common.lifecycle import RUN_ENDS, JobKind, RunState
from tisktask_common.orders import RerunJob, RerunMode, RerunRun, RunMade
from tisktask_orchestrator import words
from tisktask_orchestrator.bounds import bounded
from tisktask_orchestrator.changes import RunChange, tell_after_commit, write_down
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.endings import seconds_between
from tisktask_orchestrator.queueing import queue_preparation
from tisktask_orchestrator.rerunning import words as words_for_reruns
from tisktask_orchestrator.rerunning.rules import Rerun, outcome, plan_rerun
from tisktask_orchestrator.store.repositories import read_repository
from tisktask_orchestrator.store.reruns import (
    CarriedJob,
    NewRerun,
    RootRow,
    carry_jobs,
    insert_rerun,
    list_roots,
    queue_jobs_again,
    read_rerun,
    read_root,
    read_warnings,
)
from tisktask_orchestrator.store.rows import JobRow, RunRow
from tisktask_orchestrator.store.runs import lock_run, move_run, read_given
from tisktask_orchestrator.transactions import transaction
from tisktask_orchestrator.vetting.beginning import begin_vetting, find_repeat, restrict_repeat
from tisktask_orchestrator.vetting.rules import Repeat

log = structlog.get_logger()

runs_rerun = Counter("tisktask_runs_rerun_total", "Runs that repeat older runs")

_ACTOR_CHARS_MAX = 100
_REQUEST_ID_CHARS_MAX = 100


@dataclass(frozen=True)
class _Order:
    """Who wants what of which run."""

    run: RunId
    mode: RerunMode
    only: JobId | None
    actor: str
    request_id: str


async def rerun_run(collaborators: Collaborators, request: RerunRun, _caller: str) -> RunMade:
    """Run a run again, whole or what of it has failed; asked again, it is the same new run."""
    return await _rerun(collaborators, _Order(request.run_id, request.mode, None, request.actor, request.request_id))


async def rerun_job(collaborators: Collaborators, request: RerunJob, _caller: str) -> RunMade:
    """Run the discovered job again that a job is, or comes from."""
    async with transaction(collaborators.pool) as connection:
        root = await read_root(connection, request.job_id)
    if root is None:
        raise NotFoundError(words.unknown_job(request.job_id))
    order = _Order(root.run_id, RerunMode.FAILED, root.id, request.actor, request.request_id)
    return await _rerun(collaborators, order)


async def _rerun(collaborators: Collaborators, order: _Order) -> RunMade:
    if not order.request_id or bounded(order.request_id, _REQUEST_ID_CHARS_MAX) != order.request_id:
        raise UserError(words_for_reruns.wrong_request_id(_REQUEST_ID_CHARS_MAX))
    async with transaction(collaborators.pool) as connection:
        old = await lock_run(connection, order.run)
        if old is None:
            raise NotFoundError(words.unknown_run(order.run))
        if before := await read_rerun(connection, old.id, order.request_id):
            return RunMade(run_id=before.run_id, number=before.number, is_new=False)
        await _require_repeatable(connection, old)
        change = await _make_run(connection, old, order)
        await write_down(change)
    await tell_after_commit(collaborators, change)
    runs_rerun.inc()
    log.info("run_rerun", run=change.run.id, number=change.run.number, rerun_of=old.id, mode=order.mode, job=order.only)
    return RunMade(run_id=change.run.id, number=change.run.number, is_new=True)


async def _require_repeatable(connection: Connection, old: RunRow) -> None:
    if old.state not in RUN_ENDS:
        raise ConflictError(words_for_reruns.has_not_ended(old.number, old.state))
    repository = await read_repository(connection, old.repository_id)
    if repository is None or repository.removed_at:
        raise ConflictError(words_for_reruns.repository_removed(old.full_name))


async def _make_run(connection: Connection, old: RunRow, order: _Order) -> RunChange:
    roots = await list_roots(connection, old.id)
    repeat = await find_repeat(connection, old)
    plan = Rerun.Whole() if repeat is Repeat.VETTED else plan_rerun(roots, order.mode, order.only)
    if isinstance(plan, Rerun.Nothing):
        raise ConflictError(words_for_reruns.nothing_failed(old.number))
    reason = words_for_reruns.rerun_by(old.number, bounded(order.actor, _ACTOR_CHARS_MAX))
    is_prepared, is_vetted = isinstance(plan, Rerun.Part), repeat is Repeat.VETTED
    new = NewRerun(old.id, order.request_id, reason, is_prepared=is_prepared, is_vetted=is_vetted)
    change = RunChange(connection, await insert_rerun(connection, new))
    if repeat in {Repeat.APPROVED, Repeat.RESTRICTED}:
        await restrict_repeat(change, old, repeat, bounded(order.actor, _ACTOR_CHARS_MAX))
    given = await read_given(connection, old.trigger_id)
    is_restricted = old.is_restricted and repeat is not Repeat.FREELY
    change.emit(RunCreated, trigger_id=old.trigger_id, rerun_of=old.id, is_restricted=is_restricted, **vars(given))
    if repeat is Repeat.VETTED:
        await begin_vetting(change)
    elif isinstance(plan, Rerun.Part):
        await _take_over(change, roots, plan)
    else:
        await queue_preparation(change)
    return change


async def _take_over(change: RunChange, roots: list[RootRow], plan: Rerun.Part) -> None:
    """Go on where the preparation of the older run has ended."""
    run = change.run.id
    # Ids that are made within a millisecond do not sort by themselves: sorted, the jobs keep their order.
    new_ids = dict(zip((root.id for root in roots), sorted(new_job_id() for _ in roots), strict=True))
    carried = {new_ids[root.id]: _carry(new_ids[root.id], root) for root in roots if root.id not in plan.again}
    jobs = await carry_jobs(change.connection, run, list(carried.values()))
    # The older run's preparation comes first, in order of ids too.
    for job in jobs[:1]:
        _emit_carried(change, job, carried[job.id])
    names = [root.name for root in roots if root.kind == JobKind.PROGRAM]
    change.emit(RunPrepared, jobs=names, warnings=await read_warnings(change.connection, run))
    await move_run(change.connection, run, RunState.RUNNING, "")
    change.run = replace(change.run, state=RunState.RUNNING)
    for job in jobs[1:]:
        _emit_carried(change, job, carried[job.id])
    again = {new_ids[root.id]: root.id for root in roots if root.id in plan.again}
    for job in await queue_jobs_again(change.connection, run, again):
        _emit_queued(change, job)


def _carry(new: JobId, root: RootRow) -> CarriedJob:
    state = outcome(root)
    if state == root.state:
        return CarriedJob(new, root, state, words_for_reruns.carried_over(root.origin_number))
    return CarriedJob(new, root, state, words_for_reruns.carried_over_with_children(root.origin_number, state))


def _emit_queued(change: RunChange, job: JobRow) -> None:
    change.emit_about_job(JobCreated, job)
    change.emit_about_job(JobQueued, job)


def _emit_carried(change: RunChange, job: JobRow, carried: CarriedJob) -> None:
    is_own_end = carried.state == carried.old.state
    change.emit_about_job(JobCreated, job)
    change.emit_about_job(
        JobFinished,
        job,
        exit_code=carried.old.exit_code if is_own_end else None,
        signal=carried.old.signal if is_own_end else None,
        out_of_memory=carried.old.out_of_memory,
        reason=job.reason,
        duration_seconds=seconds_between(job),
        carried_from=carried.old.origin_id,
    )
