"""What can come of fetching a commit and of writing it to a directory."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fetched:
    """The commit is in the mirror, with all of its files."""

    mirror: Path
    #: Id of the commit: differs from what was asked for if that was an annotated tag.
    sha: str
    #: First line of its message.
    title: str


@dataclass(frozen=True)
class CommitGone:
    """The repository answers, but does not have the commit (any more)."""

    reason: str


@dataclass(frozen=True)
class RepositoryNotFound:
    """Nothing is at the repository's address, or the forge does not show it to us."""

    reason: str


@dataclass(frozen=True)
class AccessDenied:
    """The forge wants a token, or does not take the one it got."""

    reason: str


@dataclass(frozen=True)
class FetchFailed:
    """The network, the forge or the limits on a fetch came in between."""

    reason: str


NotFetched = CommitGone | RepositoryNotFound | AccessDenied | FetchFailed
FetchOutcome = Fetched | NotFetched


@dataclass(frozen=True)
class CheckedOut:
    """The commit's files are in the directory."""

    files: int
    bytes: int


@dataclass(frozen=True)
class CheckoutFailed:
    """The commit could not be written to the directory."""

    reason: str
    #: The mirror lacks or garbles objects that it should have: making it anew helps.
    is_mirror_damaged: bool = False


CheckoutOutcome = CheckedOut | CheckoutFailed
