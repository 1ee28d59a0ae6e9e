"""The states of runs and jobs and the only moves between them.

Every move is carried out as one guarded SQL statement whose guard is `states_before(target)`.
"""

from enum import StrEnum


class RunState(StrEnum):
    """Where a run is."""

    #: Its programs are looked up, and who may allow it: it is by somebody who may not write, or it is not known yet.
    STAGED = "staged"
    #: Waits for a person to allow it.
    AWAITING_APPROVAL = "awaiting_approval"
    #: The commit is fetched, jobs are discovered and images are built.
    PREPARING = "preparing"
    #: Its jobs are queued or at work.
    RUNNING = "running"
    #: Every job that counts has succeeded.
    SUCCEEDED = "succeeded"
    #: A job's program said no, or its image could not be built.
    FAILED = "failed"
    #: Tisktask or a host failed, not the user's program.
    ERRORED = "errored"
    #: A person, or a newer run, ended it.
    CANCELLED = "cancelled"
    #: It took longer than allowed.
    TIMED_OUT = "timed_out"
    #: There was nothing to do.
    SKIPPED = "skipped"


class JobState(StrEnum):
    """Where a job (in its newest attempt) is."""

    #: Waits for a runner with a free slot.
    QUEUED = "queued"
    #: A runner has claimed it and prepares its pod.
    STARTING = "starting"
    #: Its program has been started.
    RUNNING = "running"
    #: The program ended with exit code 0.
    SUCCEEDED = "succeeded"
    #: The program ended with another exit code, by a signal, or out of memory.
    FAILED = "failed"
    #: The host or Tisktask failed; the program is not to blame.
    ERRORED = "errored"
    #: A person, or a newer run, ended it.
    CANCELLED = "cancelled"
    #: It took longer than allowed.
    TIMED_OUT = "timed_out"
    #: It was filtered out and never ran.
    SKIPPED = "skipped"


class JobKind(StrEnum):
    """What a job does."""

    #: Fetches the commit, discovers the run's jobs and builds their images. One per run, and one before it (named
    #: `inspect`) that only looks, where somebody may have to allow the run.
    PREPARE = "prepare"
    #: Runs one program of the repository in a pod.
    PROGRAM = "program"


RUN_ENDS = frozenset(
    {
        RunState.SUCCEEDED,
        RunState.FAILED,
        RunState.ERRORED,
        RunState.CANCELLED,
        RunState.TIMED_OUT,
        RunState.SKIPPED,
    }
)

JOB_ENDS = frozenset(
    {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.ERRORED,
        JobState.CANCELLED,
        JobState.TIMED_OUT,
        JobState.SKIPPED,
    }
)

RUN_MOVES: dict[RunState, frozenset[RunState]] = {
    RunState.STAGED: frozenset({RunState.AWAITING_APPROVAL, RunState.PREPARING}) | RUN_ENDS - {RunState.SUCCEEDED},
    RunState.AWAITING_APPROVAL: frozenset({RunState.PREPARING, RunState.CANCELLED, RunState.SKIPPED}),
    RunState.PREPARING: frozenset({RunState.RUNNING}) | RUN_ENDS - {RunState.SUCCEEDED},
    RunState.RUNNING: RUN_ENDS - {RunState.SKIPPED},
} | {end: frozenset() for end in RUN_ENDS}

#: STARTING and RUNNING go back to QUEUED when the attempt was lost and the policy allows another.
JOB_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset(
        {JobState.STARTING, JobState.CANCELLED, JobState.TIMED_OUT, JobState.ERRORED, JobState.SKIPPED}
    ),
    JobState.STARTING: frozenset({JobState.RUNNING, JobState.QUEUED}) | JOB_ENDS - {JobState.SKIPPED},
    JobState.RUNNING: frozenset({JobState.QUEUED}) | JOB_ENDS - {JobState.SKIPPED},
} | {end: frozenset() for end in JOB_ENDS}


def run_states_before(target: RunState) -> list[RunState]:
    """List the states from which a run may move to `target`."""
    return [state for state, moves in RUN_MOVES.items() if target in moves]


def job_states_before(target: JobState) -> list[JobState]:
    """List the states from which a job may move to `target`."""
    return [state for state, moves in JOB_MOVES.items() if target in moves]
