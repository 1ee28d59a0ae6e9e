"""What a run's preparation found out becomes its jobs, or its end."""

from dataclasses import replace

from tisktask_common.events import ImageBuilt, JobCreated, JobQueued, RunPrepared
from tisktask_common.lifecycle import JobKind, JobState, RunState
from tisktask_common.rpc import Prepared, Program
from tisktask_common.subjects import DEFAULT_POOL
from tisktask_orchestrator import words
from tisktask_orchestrator.bounds import (
    PROGRAM_NAME_CHARS_MAX,
    REASON_CHARS_MAX,
    bounded,
    bounded_prepared,
    unusable_names,
)
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.endings import finish_job, finish_run, settle_run
from tisktask_orchestrator.queueing import PREPARE
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.store.jobs import Ending, NewJobs, insert_jobs
from tisktask_orchestrator.store.rows import JobRow
from tisktask_orchestrator.store.runs import describe_run, move_run


async def conclude_preparation(
    change: RunChange, preparation: JobRow, prepared: Prepared | None, settings: OrchestratorSettings
) -> None:
    """Go on with the run after its preparation has ended."""
    found = await take_in_found(change, preparation, prepared, settings)
    if found is None:
        return
    if change.run.approved_tree not in {"", found.programs_tree}:
        await finish_run(change, RunState.FAILED, words.programs_differ(change.run.approved_tree, found.programs_tree))
    elif not found.programs:
        await skip_run(change)
    else:
        await queue_programs(change, found)


async def skip_run(change: RunChange) -> None:
    """End a run that has no programs."""
    event, action = change.run.change["event"], change.run.change.get("action")
    await finish_run(change, RunState.SKIPPED, words.no_programs(event, action))


async def take_in_found(
    change: RunChange, job: JobRow, prepared: Prepared | None, settings: OrchestratorSettings
) -> Prepared | None:
    """Keep what a preparation, or an inspection, has found; None: with that the run has ended."""
    refusal = _refusal(prepared.programs, settings.job_seconds_max) if prepared else None
    found = bounded_prepared(prepared) if prepared else None
    if found:
        await _describe(change, found)
    if found is None or job.state != JobState.SUCCEEDED:
        await settle_run(change)
        return None
    if refusal:
        await finish_run(change, RunState.FAILED, refusal)
        return None
    if job.name == PREPARE:
        _say_prepared(change, found, settings.jobs_per_run_max)
    return None if await _ends_with(change, found, settings.jobs_per_run_max) else found


async def skip_programs(change: RunChange, found: Prepared) -> None:
    """End a run whose programs are all filtered out, without having it prepared."""
    _say_prepared(change, found, len(found.programs))
    await queue_programs(change, found)


def _refusal(programs: list[Program], seconds_max: int) -> str | None:
    """Say why programs can not be run as they are."""
    if unusable := unusable_names(programs):
        return words.unusable_name(bounded(unusable[0], PROGRAM_NAME_CHARS_MAX), PROGRAM_NAME_CHARS_MAX)
    too_long = [program.path for program in programs if (program.policy.seconds_max or 0) > seconds_max > 0]
    return bounded(words.header_timeout_too_long(too_long, seconds_max), REASON_CHARS_MAX) if too_long else None


def _say_prepared(change: RunChange, found: Prepared, jobs_max: int) -> None:
    change.emit(RunPrepared, jobs=[program.name for program in found.programs[:jobs_max]], warnings=found.warnings)


async def _ends_with(change: RunChange, found: Prepared, jobs_max: int) -> bool:
    if change.run.stop_state is not None:
        await finish_run(change, RunState(change.run.stop_state), change.run.stop_reason)
    elif len(found.programs) > jobs_max:
        await finish_run(change, RunState.FAILED, words.too_many_programs(len(found.programs), jobs_max))
    else:
        return False
    return True


async def _describe(change: RunChange, found: Prepared) -> None:
    completed = await describe_run(change.connection, change.run.id, found.title, found.warnings)
    change.run = replace(change.run, change=completed or change.run.change)
    for image in found.images_built:
        change.emit(ImageBuilt, key=image.key, build_file=image.build_file, duration_seconds=image.seconds)


async def queue_programs(change: RunChange, found: Prepared) -> None:
    """Make the run's jobs of its programs; those that are filtered out have ended at once."""
    run = change.run
    skipped = {program.name: program.skip_reason for program in found.programs if program.skip_reason}
    is_all_skipped = are_all_skipped(found)
    if not is_all_skipped:
        await move_run(change.connection, run.id, RunState.RUNNING, "")
        change.run = replace(run, state=RunState.RUNNING)
    new = NewJobs(run.id, run.repository_id, JobKind.PROGRAM, DEFAULT_POOL, found.programs)
    for job in await insert_jobs(change.connection, new):
        change.emit_about_job(JobCreated, job)
        if job.name in skipped:
            # With a final status each: a forge that waits for its check is told that there will be none.
            await finish_job(change, job, Ending(JobState.SKIPPED, skipped[job.name]))
        else:
            change.emit_about_job(JobQueued, job)
    if is_all_skipped:
        await finish_run(change, RunState.SKIPPED, words.all_filtered(len(skipped)))


def are_all_skipped(found: Prepared) -> bool:
    return all(program.skip_reason for program in found.programs)
