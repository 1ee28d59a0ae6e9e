"""How an attempt has ended, and how an exit is to be understood. Pure."""

from dataclasses import dataclass
from datetime import datetime

from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import JobEnded, JobSpec, Limits, Prepared, StopOrder
from tisktask_runner import words
from tisktask_runner.engine.model import Exit, Lost


@dataclass(frozen=True)
class Outcome:
    """The end of an attempt, as it is reported."""

    state: JobState
    reason: str = ""
    exit_code: int | None = None
    signal: int | None = None
    out_of_memory: bool = False
    prepared: Prepared | None = None

    def report(self, spec: JobSpec, runner: str, ended_at: datetime) -> JobEnded:
        return JobEnded(
            job_id=spec.job_id,
            attempt=spec.attempt,
            runner=runner,
            state=self.state,
            ended_at=ended_at,
            exit_code=self.exit_code,
            signal=self.signal,
            out_of_memory=self.out_of_memory,
            reason=self.reason,
            prepared=self.prepared,
        )


def failed(reason: str) -> Outcome:
    """Say that the user's part can not work as it is."""
    return Outcome(JobState.FAILED, reason)


def errored(reason: str) -> Outcome:
    """Say that Tisktask or the host did not do its part."""
    return Outcome(JobState.ERRORED, reason)


def ended_by_order(order: StopOrder) -> Outcome:
    return Outcome(order.state, order.reason)


def not_executed(exit_code: int, reason: str) -> Outcome:
    """The program did not even begin: 126 or 127, as a shell says it."""
    return Outcome(JobState.FAILED, reason, exit_code=exit_code)


def outcome_of_exit(end: Exit | Lost, order: StopOrder | None, limits: Limits) -> Outcome:
    """Judge how a program ended. If it was told to stop, that is why, whatever it answered with."""
    if order:
        # The code is kept where there is one: a program may have said something with it.
        code = end.exit_code if isinstance(end, Exit) else None
        return Outcome(order.state, order.reason, exit_code=code)
    match end:
        case Lost():
            return errored(words.program_lost(end.reason))
        case Exit(exit_code=0):
            # A child that was killed for memory did not make the program fail: it is worth knowing all the same.
            return Outcome(JobState.SUCCEEDED, exit_code=0, out_of_memory=end.out_of_memory)
        case Exit() if end.reason:
            return not_executed(end.exit_code, end.reason)
        case Exit():
            reason = words.program_failed(end.exit_code, end.signal, limits, out_of_memory=end.out_of_memory)
            return Outcome(JobState.FAILED, reason, end.exit_code, end.signal, end.out_of_memory)
