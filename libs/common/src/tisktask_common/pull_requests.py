"""How forges describe a pull request, in webhooks and in their API alike, and what a run of it builds."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tisktask_common.events import Change
from tisktask_common.git_names import LOGIN_LENGTH_MAX, NUMBER_MAX, TITLE_LENGTH_MAX, Branch, Sha, one_line

LABELS_MAX = 100
LABEL_LENGTH_MAX = 100
_AGIT_FLOW = 1

Number = Annotated[int, Field(gt=0, le=NUMBER_MAX)]


class Loose(BaseModel):
    """Only what is needed is asked for: forges leave out and add fields from one version to the next."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Person(Loose):
    """Who did it. GitHub's pusher has a name where others have a login."""

    login: str | None = None
    name: str | None = None


class IdentifiedRepository(Loose):
    """A repository by its number on the forge."""

    id: int | None = None


class Side(Loose):
    """One side of a pull request."""

    sha: Sha
    ref: Branch
    repo: IdentifiedRepository | None = None


class Label(Loose):
    """A label by its name."""

    name: str | None = None


class PullRequest(Loose):
    """A pull request as it is now."""

    head: Side
    base: Side
    number: Number | None = None
    title: str | None = None
    draft: bool | None = None
    merged: bool | None = None
    labels: list[Label] | None = None
    user: Person | None = None
    #: Forgejo: 1 if it was made by a push to refs/for/ (AGit).
    flow: int | None = None


def describe_pull_request(pull_request: PullRequest, number: int, sender: Person | None, *, has_agit: bool) -> Change:
    """Describe it without saying what has happened: what is built is its head, which the base repository serves too."""
    head_ref = f"refs/pull/{number}/head"
    return Change(
        event="",
        sha=pull_request.head.sha,
        ref=head_ref,
        fetch_ref=head_ref,
        branch=None if pull_request.head.ref.startswith("refs/") else pull_request.head.ref,
        base_sha=pull_request.base.sha,
        base_branch=pull_request.base.ref,
        pull_request=number,
        actor=login(sender, pull_request.user),
        title=one_line(pull_request.title, TITLE_LENGTH_MAX),
        is_fork=_is_fork(pull_request, has_agit=has_agit),
        is_draft=bool(pull_request.draft),
        is_merged=bool(pull_request.merged),
        labels=label_names(pull_request.labels),
    )


def _is_fork(pull_request: PullRequest, *, has_agit: bool) -> bool:
    """Tell whether the head is outside the base repository; what is not known counts as outside.

    Whoever may read may push to refs/for/ (AGit): such a head lies in the base repository and is still foreign.
    """
    head, base = pull_request.head.repo, pull_request.base.repo
    if has_agit and (pull_request.flow == _AGIT_FLOW or pull_request.head.ref.startswith("refs/pull/")):
        return True
    return head is None or base is None or head.id is None or head.id != base.id


def label_names(labels: list[Label] | None) -> list[str]:
    names = (one_line(label.name, LABEL_LENGTH_MAX) for label in labels or [])
    return sorted({name for name in names if name})[:LABELS_MAX]


def login(*people: Person | None) -> str:
    """Say who did it: the first of them that is named."""
    names = [name for person in people if person for name in (person.login, person.name) if name]
    return one_line(names[0] if names else "", LOGIN_LENGTH_MAX)
