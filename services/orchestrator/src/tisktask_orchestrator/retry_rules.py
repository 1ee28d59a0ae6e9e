"""Which ends of an attempt are followed by another one, and after which pause. Pure."""

from tisktask_common.lifecycle import JobState
from tisktask_orchestrator.store.jobs import Ending
from tisktask_orchestrator.store.retries import RetryRow

#: The second pause is four times as long as the first, all others twelve times: 5 s, 20 s, 60 s.
_PAUSES = (1, 4, 12)
_SIGNAL_BASE = 128


def is_tried_again(policy: RetryRow, ending: Ending, *, has_begun: bool) -> bool:
    """Tell whether the program wants another attempt after this end."""
    if policy.retries_used >= policy.retries:
        return False
    if ending.state is JobState.ERRORED:
        # Its host has said, or its silence, that it was lost.
        return has_begun and policy.retry_on_lost
    if ending.state is not JobState.FAILED:
        return False
    if policy.retry_codes:
        return exit_code_of(ending) in policy.retry_codes
    return not policy.retry_on_lost


def exit_code_of(ending: Ending) -> int | None:
    """Tell the exit code as a shell does: that of a signal is 128 and its number."""
    if ending.exit_code is None and ending.signal is not None:
        return _SIGNAL_BASE + ending.signal
    return ending.exit_code


def pause_seconds(retries_used: int, first_seconds: float) -> float:
    """Tell how long to wait before the next attempt."""
    return first_seconds * _PAUSES[min(retries_used, len(_PAUSES) - 1)]
