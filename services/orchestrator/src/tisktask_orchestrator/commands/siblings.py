"""A job looks at the jobs of its run, and orders some or all of them to stop."""

from collections import defaultdict

from tisktask_common.errors import NotFoundError, UserError
from tisktask_common.ids import JobId
from tisktask_common.job_requests import AttemptInfo, EndRun, JobInfo, JobsRead, ReadJobs, StopOwnJob
from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState, RunState
from tisktask_common.rpc import Accepted
from tisktask_orchestrator import words
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.changes import RunChange, changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.commands import words as words_for_jobs
from tisktask_orchestrator.commands.authority import require_attempt
from tisktask_orchestrator.endings import settle_run, stop_attached, stop_job, stop_run
from tisktask_orchestrator.store.families import allow_failure, list_attached_jobs, list_attempts, list_programs
from tisktask_orchestrator.store.family_rows import AttemptEndRow, ProgramRow
from tisktask_orchestrator.store.jobs import read_job
from tisktask_orchestrator.store.rows import JobRow
from tisktask_orchestrator.transactions import transaction

PAGE_ROWS_MAX = 1000
PAGE_BYTES_MAX = 384 * 1024
ID_CHARS_MAX = 100

Attempts = dict[JobId, list[AttemptInfo]]


async def read_jobs(collaborators: Collaborators, request: ReadJobs, caller: str) -> JobsRead:
    """Tell about programs of the run, those asked for in their order or all of them: as many as fit into an answer."""
    targets = request.targets and request.targets[:PAGE_ROWS_MAX]
    _require_ids(*targets or [])
    async with transaction(collaborators.pool) as connection:
        reader = await require_attempt(connection, request, caller)
        rows = await list_programs(connection, reader.run_id, targets, request.after, PAGE_ROWS_MAX + 1)
        attempts = _by_job(await list_attempts(connection, targets)) if targets and request.with_attempts else {}
    if targets is None:
        return _page(rows, {})
    by_id = {row.job_id: row for row in rows}
    unknown = next((target for target in targets if target not in by_id), None)
    if unknown is not None:
        raise _not_found(unknown)
    return _page([by_id[target] for target in targets], attempts)


async def stop_own_job(collaborators: Collaborators, request: StopOwnJob, caller: str) -> Accepted:
    """Cancel a job of the run with all that belongs to it; what ends so does not count against the run."""
    require_runner(caller, request.runner)
    _require_ids(request.target)
    async with changing_run_of_job(collaborators, request.job_id) as change:
        asker = await require_attempt(change.connection, request, caller)
        target = await read_job(change.connection, request.target)
        if target is None or target.run_id != asker.run_id or target.kind != JobKind.PROGRAM:
            raise _not_found(request.target)
        attached = await list_attached_jobs(change.connection, target.id)
        if target.state in JOB_ENDS and not attached:
            # Asked again, because the answer was lost, it has been cancelled meanwhile.
            is_done = target.state == JobState.CANCELLED
            return Accepted(accepted=is_done, reason=words.already_ended("the job", target.state))
        await _stop_wanted(change, target, [job.id for job in attached], words.cancelled_by_job(asker.name))
        await settle_run(change)
    return Accepted(accepted=True)


async def end_run(collaborators: Collaborators, request: EndRun, caller: str) -> Accepted:
    """End the run as one of its jobs says, and all its jobs, that one too."""
    require_runner(caller, request.runner)
    if request.state not in {JobState.CANCELLED, JobState.FAILED}:
        raise UserError(words_for_jobs.not_an_end_of_run(request.state))
    async with changing_run_of_job(collaborators, request.job_id) as change:
        asker = await require_attempt(change.connection, request, caller)
        said = bounded(request.reason.strip(), REASON_CHARS_MAX)
        reason = words.run_ended_by_job(asker.name, request.state, said)
        if not await stop_run(change, RunState(request.state), reason):
            is_same = (change.run.stop_state, change.run.stop_reason) == (request.state, reason)
            return Accepted(accepted=is_same, reason=words.being_stopped("the run"))
    return Accepted(accepted=True)


async def _stop_wanted(change: RunChange, target: JobRow, attached: list[JobId], reason: str) -> None:
    await allow_failure(change.connection, [target.id, *attached])
    if target.state in JOB_ENDS:
        await stop_attached(change, target, reason)
    else:
        await stop_job(change, target, JobState.CANCELLED, reason)


def _require_ids(*targets: str) -> None:
    """Refuse what can be no id before PostgreSQL does: it takes no NUL."""
    for target in targets:
        if not target.isprintable():
            raise _not_found(target)


def _not_found(target: str) -> NotFoundError:
    return NotFoundError(words_for_jobs.not_in_this_run(bounded(target, ID_CHARS_MAX)))


def _by_job(rows: list[AttemptEndRow]) -> Attempts:
    attempts: Attempts = defaultdict(list)
    for row in rows:
        attempts[row.job_id].append(AttemptInfo.model_validate(vars(row)))
    return attempts


def _page(rows: list[ProgramRow], attempts: Attempts) -> JobsRead:
    """Take as many as one answer can hold."""
    items: list[JobInfo] = []
    room = PAGE_BYTES_MAX
    for row in rows[:PAGE_ROWS_MAX]:
        item = JobInfo.model_validate(vars(row) | {"attempts": attempts.get(row.job_id, [])})
        room -= len(item.model_dump_json().encode())
        if items and room < 0:
            break
        items.append(item)
    is_all = len(items) == len(rows)
    return JobsRead(items=items, next_after=None if is_all or not items else items[-1].job_id)
