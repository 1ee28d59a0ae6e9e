"""Who is trusted, and what becomes of the runs of the others. Pure."""

from enum import Enum, auto

from tisktask_common.approvals import ForkPolicy
from tisktask_common.events import Change
from tisktask_common.trigger_events import Cause, cause_of
from tisktask_orchestrator.store.vetting import PersonRow, VettingState

LOCAL = "local"
OK_TO_TEST = "ok_to_test"
_COMMENT = "issue_comment"


class Right(Enum):
    """What the forge says: whether somebody may write."""

    WRITES = auto()
    READS = auto()
    #: It does not say.
    UNKNOWN = auto()


class Verdict(Enum):
    """What becomes of a restricted run."""

    RUN = auto()
    HOLD = auto()
    REFUSE = auto()


class Repeat(Enum):
    """How a run is run again."""

    #: Nobody has to allow it.
    FREELY = auto()
    #: Restricted as before; the person who wants it allows it, as somebody has done before.
    APPROVED = auto()
    #: Restricted as before; the repository's setting allows it.
    RESTRICTED = auto()
    #: As if it were new.
    VETTED = auto()


def is_trusted_at_once(change: Change, forge: str, person: PersonRow, *, is_ordered: bool) -> bool:
    """Tell whether a run needs nobody's leave. `is_ordered`: by a person or a schedule of ours."""
    if forge == LOCAL or is_ordered:
        return True
    if change.is_fork:
        return False
    match cause_of(change.event):
        case Cause.WRITERS:
            return True
        case Cause.READERS:
            # Of nobody it can not be asked.
            return person.may_write or person.has_pushed or not change.actor
        case Cause.COMMENTERS:
            return person.may_write


def is_trusted(event: str, right: Right, person: PersonRow) -> bool:
    """Tell whether who has caused an event about a commit of the repository's own is trusted."""
    if right is not Right.UNKNOWN:
        return right is Right.WRITES
    match cause_of(event):
        case Cause.WRITERS | Cause.READERS:
            # Somebody who may write has pushed the commit.
            return True
        case Cause.COMMENTERS:
            return person.has_pushed


def is_head_unknown(change: Change) -> bool:
    """Tell whether a delivery did not say where the commit comes from: it was taken for a fork's meanwhile."""
    return change.event == _COMMENT and change.is_fork and change.base_branch is None


def judge(policy: ForkPolicy, *, was_approved: bool, changes_programs: bool | None) -> Verdict:
    """Decide about a restricted run. `was_approved`: one of the author of this change was, before."""
    match policy:
        case ForkPolicy.NEVER:
            return Verdict.REFUSE
        case ForkPolicy.WITHOUT_SECRETS:
            return Verdict.RUN
        case ForkPolicy.FIRST_TIMERS:
            return Verdict.RUN if was_approved and changes_programs is False else Verdict.HOLD
        case ForkPolicy.ASK:
            return Verdict.HOLD


def is_authors(change: Change) -> bool:
    """Tell whether who has caused the event has made the change, too: others label, comment or reopen it."""
    return change.event == "pull_request" and change.action in {"opened", "synchronize"}


def how_to_repeat(state: VettingState | None, policy: ForkPolicy, *, is_restricted: bool) -> Repeat:
    """Decide by what has become of the older run's vetting; None: it had none."""
    match state:
        case None:
            # One of a fork, from before there was vetting.
            return Repeat.VETTED if is_restricted else Repeat.FREELY
        case VettingState.APPROVED:
            return Repeat.APPROVED
        case VettingState.NOT_NEEDED if not is_restricted:
            return Repeat.FREELY
        case VettingState.NOT_NEEDED if policy is ForkPolicy.WITHOUT_SECRETS:
            return Repeat.RESTRICTED
        case _:
            return Repeat.VETTED


def scope_of(change: Change) -> str:
    """Name with whom a restricted run shares images and locks: with those of its pull request."""
    return "restricted" if change.pull_request is None else f"pr-{change.pull_request}"


def is_ok_to_test(change: Change) -> bool:
    """Tell whether it is the comment that approves runs: it makes none itself."""
    return change.event == _COMMENT and change.action == OK_TO_TEST and change.pull_request is not None
