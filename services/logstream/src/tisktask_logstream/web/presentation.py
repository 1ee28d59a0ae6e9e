"""How values look on the pages."""

from datetime import UTC, datetime

from tisktask_common.lifecycle import JOB_ENDS, RUN_ENDS
from tisktask_logstream import words
from tisktask_logstream.rows import JobRecord
from tisktask_logstream.run_view import Run

_ENDS = {state.value for state in RUN_ENDS | JOB_ENDS}
_SHORT_SHA = 8


def state_text(state: str) -> str:
    return words.STATES.get(state, state)


def is_over(state: str) -> bool:
    return state in _ENDS


def short_sha(sha: str) -> str:
    return sha[:_SHORT_SHA]


def source_of(run: Run) -> str:
    """Name the branch, tag or pull request that a run is about."""
    if run.pull_request is not None:
        return f"#{run.pull_request}"
    return run.tag or run.branch or run.ref


def event_of(run: Run) -> str:
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


def outcome_of(job: JobRecord) -> str:
    """Say in short how a job's program ended."""
    if job.out_of_memory:
        return words.OUT_OF_MEMORY
    if job.signal is not None:
        return words.ended_by_signal(job.signal)
    if job.exit_code is not None:
        return words.exit_code(job.exit_code)
    return ""
