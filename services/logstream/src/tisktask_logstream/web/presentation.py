"""How values look on the pages."""

import shlex
from datetime import UTC, datetime

from tisktask_common.lifecycle import JOB_ENDS, RUN_ENDS, JobKind, JobState
from tisktask_logstream import words
from tisktask_logstream.rows import AttemptRecord, JobRecord, RunRecord
from tisktask_logstream.run_view import Run, looks_only
from tisktask_logstream.web.job_tree import Fold

_ENDS = {state.value for state in RUN_ENDS | JOB_ENDS}
_SHORT_SHA = 8


def state_text(state: str) -> str:
    return words.STATES.get(state, state)


def is_over(state: str) -> bool:
    return state in _ENDS


def short_sha(sha: str) -> str:
    return sha[:_SHORT_SHA]


def source_of(run: RunRecord) -> str:
    """Name the branch, tag or pull request that a run is about."""
    if run.pull_request is not None:
        return f"#{run.pull_request}"
    return run.tag or run.branch or run.ref


def event_of(run: RunRecord) -> str:
    return f"{run.event} {run.action}" if run.action else run.event


def stamp(time: datetime | None) -> str:
    """Write a time for machines: the browser makes it relative and local."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if time else ""


def full_time(time: datetime | None) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else ""


def duration(started: datetime | None, ended: datetime | None) -> str:
    """Write how long something took, or has taken until now: 4 s, 3 min 20 s, 2 h 5 min."""
    if started is None:
        return ""
    seconds = int(max(0.0, ((ended or datetime.now(UTC)) - started).total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def label_of(job: JobRecord) -> str:
    """Say what a job is called for people."""
    if looks_only(job):
        return words.INSPECTION
    return words.PREPARATION if job.kind is JobKind.PREPARE else job.title or job.name


def remark_of(job: JobRecord, *, has_children: bool = False) -> str:
    """Say what is to be said of a job besides its state."""
    if job.state is JobState.QUEUED and (job.reason or job.labels):
        # The reason is why it waits for another attempt.
        return job.reason or words.waits_for_labels(job.labels)
    if not is_over(job.state):
        return job.status_text
    if job.reason:
        return job.reason
    if has_children and job.result is None:
        return words.CHILDREN_AT_WORK
    if job.result is not None and job.result != job.state:
        return words.result_of_children(job.result)
    return job.status_text


def command_of(job: JobRecord) -> str:
    """Write what a job runs, as one would type it."""
    return job.shell or shlex.join([job.path or job.name, *job.arguments])


def can_rerun_failed(run: Run) -> bool:
    """Tell whether some jobs of an ended run can be run again by themselves, and some of them have not succeeded."""
    is_prepared = run.preparation is not None and run.preparation.state is JobState.SUCCEEDED
    return is_prepared and bool(set(run.jobs_by_state) - {JobState.SUCCEEDED, JobState.SKIPPED})


def bar_of(fold: Fold) -> list[tuple[str, float, float]]:
    """Cut a line of 100 into states: each with where it begins and how long it is."""
    bar: list[tuple[str, float, float]] = []
    position = 0.0
    for state in words.COUNTED:
        if count := fold.by_state.get(JobState(state), 0):
            length = 100 * count / fold.total
            bar.append((state, round(position, 2), round(length, 2)))
            position += length
    return bar


def outcome_of(job: JobRecord | AttemptRecord) -> str:
    """Say in short how a job's program ended."""
    if job.out_of_memory:
        return words.OUT_OF_MEMORY
    if job.signal is not None:
        return words.ended_by_signal(job.signal)
    if job.exit_code is not None:
        return words.exit_code(job.exit_code)
    return ""
