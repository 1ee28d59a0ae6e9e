"""What a mirror can do, whoever reads it: libgit2, or git for the format that libgit2 does not know (decision 0021)."""

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from tisktask_runner.source.transfer import TransferBudget

TITLE_CHARS_MAX = 200


@dataclass(frozen=True)
class Source:
    """Where a mirror's commits come from."""

    clone_url: str
    token: SecretStr | None


@dataclass(frozen=True)
class FoundCommit:
    """The commit is there, with its tree. If a tag was asked for: the commit that it names."""

    sha: str
    #: First line of its message.
    title: str


@dataclass(frozen=True)
class NotACommit:
    """The object is there, and is something else."""


@dataclass(frozen=True)
class ListedRef:
    """A ref as the forge lists it."""

    name: str
    sha: str
    #: The ref that this one is only another name of.
    symref_target: str | None = None


class OpenMirror(Protocol):
    """A mirror as fetching needs it."""

    def find(self, sha: str) -> FoundCommit | NotACommit | None:
        """Look for a commit and its tree."""
        ...

    def transfer(self, source: Source, refspec: str, depth: int, budget: TransferBudget) -> None:
        """Fetch one refspec. A ref that does not exist is no error: look for what you wanted afterwards."""
        ...

    def commit_of(self, ref: str) -> str | None:
        """Name the commit that a ref of the mirror leads to."""
        ...

    def merge_base(self, one: str, other: str) -> str | None:
        """Find the newest commit that both descend from, as far as their history is here."""
        ...

    def delete_ref(self, ref: str) -> None: ...


class Blobs(Protocol):
    """The contents of a commit's files."""

    def size(self, blob: str) -> int: ...

    def data(self, blob: str) -> bytes: ...


def title_of(message: str) -> str:
    """Take the first line of a commit's message."""
    lines = message.strip().splitlines()
    return lines[0][:TITLE_CHARS_MAX] if lines else ""
