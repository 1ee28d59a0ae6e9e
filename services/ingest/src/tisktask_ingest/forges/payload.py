"""The parts of payloads that several events have in common, read tolerantly."""

from typing import Annotated

from pydantic import BeforeValidator

from tisktask_common.git_names import Branch, is_ref_like
from tisktask_common.pull_requests import Loose

HEADS = "refs/heads/"
TAGS = "refs/tags/"
#: What is built where neither a commit nor a branch is told: the repository's own choice.
HEAD = "HEAD"


class Commit(Loose):
    """A commit that is described in words."""

    message: str | None = None


def _usable_or_none(value: object) -> object:
    return value if isinstance(value, str) and is_ref_like(value) else None


#: Told besides: where it can not be used, it is as if it had not been told.
OptionalBranch = Annotated[Branch | None, BeforeValidator(_usable_or_none)]


class Home(Loose):
    """The repository that a delivery is about, as far as runs want to know."""

    default_branch: OptionalBranch = None


def default_ref(repository: Home | None) -> str:
    """Name the ref of the default branch."""
    return f"{HEADS}{repository.default_branch}" if repository and repository.default_branch else HEAD


def default_branch(repository: Home | None) -> str | None:
    return repository.default_branch if repository else None


def branch_of(ref: str) -> str | None:
    return ref.removeprefix(HEADS) if ref.startswith(HEADS) else None


def tag_of(ref: str) -> str | None:
    return ref.removeprefix(TAGS) if ref.startswith(TAGS) else None
