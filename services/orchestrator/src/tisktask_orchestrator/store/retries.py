"""Statements about jobs that are tried again."""

from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId
from tisktask_common.lifecycle import JobState, job_states_before
from tisktask_orchestrator.store.jobs import Ending
from tisktask_orchestrator.store.rows import JobRow
from tisktask_orchestrator.store.statements import fetch_one, fetch_row


@dataclass(frozen=True)
class RetryRow:
    """When a job is tried again, and how often it was."""

    retries: int
    retry_on_lost: bool
    retry_codes: list[int]
    retries_used: int


@dataclass(frozen=True)
class NextAttempt:
    """An attempt that is to follow another."""

    #: Of the attempt before it.
    ending: Ending
    #: Why there is one; shown while it waits.
    reason: str = ""
    delay_seconds: float = 0
    #: It is one of those that the program asks for.
    is_retry: bool = False


async def read_retry_policy(connection: Connection, job: JobId) -> RetryRow:
    return await fetch_row(connection, RetryRow, "read_retry_policy", job_id=job)


async def requeue_job(connection: Connection, job: JobId, attempt: int, following: NextAttempt) -> JobRow | None:
    ending = following.ending
    return await fetch_one(
        connection,
        JobRow,
        "requeue_job",
        job_id=job,
        attempt=attempt,
        end_state=ending.state,
        end_reason=ending.reason,
        exit_code=ending.exit_code,
        signal=ending.signal,
        out_of_memory=ending.out_of_memory,
        ended_at=ending.ended_at,
        reason=following.reason,
        delay_seconds=following.delay_seconds,
        retries=int(following.is_retry),
        **{"from": [str(state) for state in job_states_before(JobState.QUEUED)]},
    )
