"""The parts of payloads that all forges have in common, read tolerantly, and the changes they describe."""

from pydantic import BaseModel, ConfigDict, Field

from tisktask_common.events import Change
from tisktask_ingest import words
from tisktask_ingest.forges.git_names import (
    LOGIN_LENGTH_MAX,
    NUMBER_MAX,
    TITLE_LENGTH_MAX,
    Branch,
    FolderName,
    Ref,
    Sha,
    is_zero,
    one_line,
)
from tisktask_ingest.outcome import Ignored, Triggered

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"


class Loose(BaseModel):
    """Only what is needed is asked for: forges leave out and add fields from one version to the next."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class NamedRepository(Loose):
    """Which repository a delivery is about."""

    full_name: str | None = None


class Envelope(Loose):
    """What must be known before the signature can be checked."""

    repository: NamedRepository | None = None


class Person(Loose):
    """Who did it. GitHub's pusher has a name where others have a login."""

    login: str | None = None
    name: str | None = None


class Commit(Loose):
    """One commit of a push."""

    id: Sha
    message: str | None = None


class Push(Loose):
    """A push of a branch or a tag."""

    ref: Ref
    before: Sha | None = None
    after: Sha
    deleted: bool | None = None
    head_commit: Commit | None = None
    commits: list[Commit] | None = None
    pusher: Person | None = None
    sender: Person | None = None


class IdentifiedRepository(Loose):
    """A repository by its number on the forge."""

    id: int | None = None


class Side(Loose):
    """One side of a pull request."""

    sha: Sha
    ref: Branch
    repo: IdentifiedRepository | None = None


class PullRequest(Loose):
    """A pull request as it is now."""

    head: Side
    base: Side
    title: str | None = None
    draft: bool | None = None
    user: Person | None = None
    #: Forgejo: 1 if it was made by a push to refs/for/ (AGit).
    flow: int | None = None


class PullRequestDelivery(Loose):
    """Something happened to a pull request."""

    action: FolderName
    number: int = Field(gt=0, le=NUMBER_MAX)
    pull_request: PullRequest
    sender: Person | None = None


def read_repository_name(body: bytes) -> str | None:
    """Take the repository's name out of a payload. Raises ValidationError for what is no JSON object."""
    repository = Envelope.model_validate_json(body).repository
    return repository.full_name if repository else None


def change_of_push(push: Push) -> Triggered | Ignored:
    """Describe a push. The commit of an annotated tag is in `head_commit`; `after` is the tag object."""
    if push.deleted or is_zero(push.after):
        return Ignored(words.DELETED)
    is_branch = push.ref.startswith(_HEADS)
    if not is_branch and not push.ref.startswith(_TAGS):
        return Ignored(words.OTHER_REF)
    if push.head_commit is None and not is_branch:
        return Ignored(words.NO_COMMIT)
    sha = push.head_commit.id if push.head_commit else push.after
    return Triggered(
        Change(
            event="push" if is_branch else "tag",
            sha=sha,
            ref=push.ref,
            branch=push.ref.removeprefix(_HEADS) if is_branch else None,
            tag=None if is_branch else push.ref.removeprefix(_TAGS),
            base_sha=None if push.before is None or is_zero(push.before) else push.before,
            actor=_login(push.sender, push.pusher),
            title=one_line(_message_of(push, sha), TITLE_LENGTH_MAX),
        )
    )


def _message_of(push: Push, sha: str) -> str | None:
    if push.head_commit:
        return push.head_commit.message
    return next((commit.message for commit in push.commits or [] if commit.id == sha), None)


def change_of_pull_request(delivery: PullRequestDelivery, *, action: str, is_fork: bool) -> Triggered:
    """Describe a pull request: what is built is its head, which the base repository serves too."""
    pull_request = delivery.pull_request
    head_ref = f"refs/pull/{delivery.number}/head"
    return Triggered(
        Change(
            event="pull_request",
            action=action,
            sha=pull_request.head.sha,
            ref=head_ref,
            fetch_ref=head_ref,
            branch=None if pull_request.head.ref.startswith("refs/") else pull_request.head.ref,
            base_sha=pull_request.base.sha,
            base_branch=pull_request.base.ref,
            pull_request=delivery.number,
            actor=_login(delivery.sender, pull_request.user),
            title=one_line(pull_request.title, TITLE_LENGTH_MAX),
            is_fork=is_fork,
            is_draft=bool(pull_request.draft),
        )
    )


def comes_from_another_repository(pull_request: PullRequest) -> bool:
    """Tell whether the head is outside the base repository; what is not known counts as outside."""
    head, base = pull_request.head.repo, pull_request.base.repo
    return head is None or base is None or head.id is None or head.id != base.id


def _login(*people: Person | None) -> str:
    names = [name for person in people if person for name in (person.login, person.name) if name]
    return one_line(names[0] if names else "", LOGIN_LENGTH_MAX)
