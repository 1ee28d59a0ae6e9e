"""The attempts of a job as its page lists them: those that were made, and the one that waits. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tisktask_common.lifecycle import JobState
from tisktask_logstream import words
from tisktask_logstream.rows import AttemptRecord, JobRecord, RetriesRecord
from tisktask_logstream.run_view import JobInRun


@dataclass(frozen=True)
class AttemptRow:
    """One attempt. The one that waits has no log yet."""

    number: int
    label: str
    state: str
    #: Why it has ended so, and why another follows it; of the one that waits: why there is one.
    remark: str
    #: None: it waits.
    made: AttemptRecord | None
    #: When the one that waits begins at the earliest.
    begins_at: datetime | None = None


def attempt_rows(found: JobInRun) -> list[AttemptRow]:
    """List them; nothing if there is one attempt and there can be no other."""
    job, retries = found.job, found.retries
    if job.attempt <= 1 and retries is None:
        return []
    total = _attempts_max(job, retries)
    rows = [
        AttemptRow(one.attempt, words.attempt_label(one.attempt, total), one.state, _remark(one, job), one)
        for one in found.attempts
    ]
    if job.state is JobState.QUEUED:
        begins_at = retries.next_not_before if retries and job.attempt > 1 else None
        label = words.attempt_label(job.attempt, total)
        rows.append(AttemptRow(job.attempt, label, job.state, "" if rows else job.reason or "", None, begins_at))
    return rows


def policy_of(found: JobInRun) -> str:
    """Say when the job is tried again; empty: never."""
    retries = found.retries
    if retries is None:
        return ""
    return words.retry_policy(retries.retries, retries.on_codes, on_lost=retries.on_lost)


def _attempts_max(job: JobRecord, retries: RetriesRecord | None) -> int | None:
    """Tell how many attempts there are at most: those that hosts have lost before they began come on top."""
    return None if retries is None else job.attempt + retries.retries - retries.used


def _remark(attempt: AttemptRecord, job: JobRecord) -> str:
    said = [attempt.reason] if attempt.reason else []
    if attempt.attempt < job.attempt:
        has_begun = attempt.started_at is not None
        said.append(
            words.why_another(attempt.attempt + 1, is_lost=attempt.state == JobState.ERRORED, has_begun=has_begun)
        )
    return " ".join(said)
