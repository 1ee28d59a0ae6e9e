"""What it means for an attempt that its source could not be had: whose fault that is. Pure."""

from tisktask_runner.attempt.outcome import Outcome, errored, failed
from tisktask_runner.source.outcomes import (
    AccessDenied,
    CheckoutFailed,
    CommitGone,
    FetchFailed,
    NotFetched,
    RepositoryNotFound,
)


def outcome_of_source(refusal: NotFetched | CheckoutFailed) -> Outcome:
    """Blame the user for what only the user can mend: the commit, the address, the token."""
    match refusal:
        case CommitGone() | RepositoryNotFound() | AccessDenied():
            return failed(refusal.reason)
        case FetchFailed() | CheckoutFailed():
            return errored(refusal.reason)
