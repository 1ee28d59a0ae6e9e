"""What a forge is to show: the values that the reporter works with."""

from dataclasses import dataclass
from enum import StrEnum

from tisktask_common.ids import JobId, RepositoryId, RunId


class StatusState(StrEnum):
    """The states that statuses have on a forge. Each dialect maps them to what its forge knows."""

    #: Queued, waiting or at work.
    PENDING = "pending"
    SUCCESS = "success"
    #: The user's program said no, or took too long.
    FAILURE = "failure"
    #: Tisktask or a host failed, or somebody ended it.
    ERROR = "error"
    #: There was nothing to do. Not every forge has this state.
    SKIPPED = "skipped"


@dataclass(frozen=True)
class StatusKey:
    """What forges tell statuses apart by: one place on one commit's page."""

    repository_id: RepositoryId
    sha: str
    context: str


@dataclass(frozen=True)
class Shown:
    """What stands in that place."""

    state: StatusState
    description: str
    target_url: str


@dataclass(frozen=True)
class DesiredStatus:
    """What is to stand there, according to one event. Of two, the one with the greater (run number, revision) counts.

    The number is the order in which the repository's runs were made: unlike ids it does not depend on clocks.
    """

    key: StatusKey
    forge: str
    run_id: RunId
    run_number: int
    revision: int
    shown: Shown
    #: Whose place it is; None: that of the run as a whole.
    job_id: JobId | None = None
    #: How it has ended, in GitHub's words for checks; empty: it has not.
    conclusion: str = ""
