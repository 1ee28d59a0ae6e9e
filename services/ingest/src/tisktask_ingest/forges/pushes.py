"""Pushes of branches and tags. GitHub, Forgejo and Gitea agree on what matters."""

from tisktask_common.events import Change
from tisktask_common.git_names import TITLE_LENGTH_MAX, Ref, Sha, is_zero, one_line
from tisktask_common.pull_requests import Loose, Person, login
from tisktask_ingest import words
from tisktask_ingest.forges.payload import Commit, Home, branch_of, default_branch, tag_of
from tisktask_ingest.outcome import Ignored, Outcome, Ping, Triggered


class HeadCommit(Commit):
    """The commit that a push is about."""

    id: Sha


class ListedCommit(Commit):
    """One of the commits of a push, which are told besides."""

    id: str | None = None


class Push(Loose):
    """A push of a branch or a tag."""

    ref: Ref
    before: Sha | None = None
    after: Sha
    deleted: bool | None = None
    forced: bool | None = None
    head_commit: HeadCommit | None = None
    commits: list[ListedCommit | None] | None = None
    pusher: Person | None = None
    sender: Person | None = None
    repository: Home | None = None


def read_push(body: bytes) -> Outcome:
    """Describe a push. The commit of an annotated tag is in `head_commit`; `after` is the tag object."""
    return _change_of(Push.model_validate_json(body))


def read_push_or_test(body: bytes) -> Outcome:
    """Describe a push of Forgejo or Gitea, whose button "test delivery" makes one up.

    It goes from the head of the default branch to itself.
    """
    push = Push.model_validate_json(body)
    return Ping() if push.before == push.after else _change_of(push)


def _change_of(push: Push) -> Triggered | Ignored:
    if push.deleted or is_zero(push.after):
        return Ignored(words.DELETION_PUSHED)
    branch, tag = branch_of(push.ref), tag_of(push.ref)
    if branch is None and tag is None:
        return Ignored(words.OTHER_REF)
    if push.head_commit is None and tag is not None:
        return Ignored(words.NO_COMMIT)
    sha = push.head_commit.id if push.head_commit else push.after
    return Triggered(
        Change(
            event="push" if tag is None else "tag",
            sha=sha,
            ref=push.ref,
            branch=branch,
            tag=tag,
            base_sha=None if push.before is None or is_zero(push.before) else push.before,
            actor=login(push.sender, push.pusher),
            title=one_line(_message_of(push, sha), TITLE_LENGTH_MAX),
            is_forced=bool(push.forced),
            default_branch=default_branch(push.repository),
        )
    )


def _message_of(push: Push, sha: str) -> str | None:
    if push.head_commit:
        return push.head_commit.message
    return next((commit.message for commit in push.commits or [] if commit and commit.id == sha), None)
