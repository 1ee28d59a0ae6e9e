"""Pull requests, their reviews, and the commands that comments on them give."""

import re
from collections.abc import Callable
from datetime import datetime

from pydantic import Field

from tisktask_common.events import Change
from tisktask_common.git_names import TITLE_LENGTH_MAX, FolderName, Sha, one_line
from tisktask_common.pull_requests import (
    Label,
    Loose,
    Number,
    Person,
    PullRequest,
    describe_pull_request,
    label_names,
    login,
)
from tisktask_common.trigger_events import canonical_action
from tisktask_ingest import words
from tisktask_ingest.forges.payload import Home, default_branch
from tisktask_ingest.outcome import Ignored, Malformed, Outcome, Triggered

COMMAND_LENGTH_MAX = 1000
#: What begins the title of a draft where Forgejo and Gitea are not told otherwise.
_DRAFT_TITLE = re.compile(r"\s*(WIP:|\[WIP\])", re.IGNORECASE)
#: A letter first: a path, or a line that is struck out, is no command.
_COMMAND = re.compile(r"/([A-Za-z][A-Za-z0-9_-]{0,49})(?:\s.*)?")
_REVIEW_STATES = {"approved": "approved", "changes_requested": "changes_requested"}
_REVIEW_EVENTS = {
    "pull_request_approved": "approved",
    "pull_request_rejected": "changes_requested",
    "pull_request_comment": "commented",
}


class From(Loose):
    """What something was before."""

    from_: str | None = Field(default=None, alias="from")


class Changes(Loose):
    """What was changed: the title, and (Gitea) which labels."""

    title: From | None = None
    added_labels: list[Label] | None = None
    removed_labels: list[Label] | None = None


class PullRequestDelivery(Loose):
    """Something happened to a pull request."""

    action: FolderName
    number: Number
    pull_request: PullRequest
    changes: Changes | None = None
    sender: Person | None = None
    repository: Home | None = None


class Review(Loose):
    """A review; GitHub tells what it says and of which commit."""

    state: str | None = None
    commit_id: Sha | None = None


class ReviewDelivery(Loose):
    """Somebody has reviewed a pull request."""

    action: FolderName | None = None
    number: Number | None = None
    pull_request: PullRequest
    review: Review | None = None
    sender: Person | None = None
    repository: Home | None = None


class Issue(Loose):
    """An issue; with `pull_request` it is one."""

    number: Number
    title: str | None = None
    draft: bool | None = None
    labels: list[Label] | None = None
    pull_request: Loose | None = None


class Comment(Loose):
    """What somebody has written."""

    body: str | None = None
    user: Person | None = None
    created_at: str | None = None


class CommentDelivery(Loose):
    """Somebody has commented on an issue or a pull request."""

    action: str
    issue: Issue
    comment: Comment
    is_pull: bool | None = None
    #: Forgejo, and newer versions of Gitea.
    pull_request: PullRequest | None = None
    sender: Person | None = None
    repository: Home | None = None


def read_pull_request(body: bytes, *, has_agit: bool) -> Outcome:
    """Describe a pull request: what is built is its head, which the base repository serves too."""
    delivery = PullRequestDelivery.model_validate_json(body)
    change = describe_pull_request(delivery.pull_request, delivery.number, delivery.sender, has_agit=has_agit)
    update = {
        "event": "pull_request",
        "action": canonical_action("pull_request", _refine(delivery) if has_agit else delivery.action),
        "default_branch": default_branch(delivery.repository),
    }
    return Triggered(change.model_copy(update=update))


def read_github_review(body: bytes) -> Outcome:
    """Describe a review on GitHub, which is of one commit, whatever the head is by now."""
    delivery = ReviewDelivery.model_validate_json(body)
    review = delivery.review or Review()
    if delivery.action != "submitted":
        action = delivery.action or "commented"
    else:
        action = _REVIEW_STATES.get((review.state or "").lower(), "commented")
    return _change_of_review(delivery, action, review.commit_id, has_agit=False)


def read_gitea_review(event: str) -> Callable[[bytes], Outcome]:
    """Describe a review of Forgejo or Gitea, whose event says what it says."""

    def read(body: bytes) -> Outcome:
        return _change_of_review(ReviewDelivery.model_validate_json(body), _REVIEW_EVENTS[event], None, has_agit=True)

    return read


def read_comment(body: bytes, *, has_agit: bool) -> Outcome:
    """Describe a command: a new comment on a pull request whose first line is `/name`, perhaps with more behind it."""
    delivery = CommentDelivery.model_validate_json(body)
    issue, pull_request = delivery.issue, delivery.pull_request
    if delivery.action != "created":
        return Ignored(words.COMMENT_NOT_NEW)
    if not (delivery.is_pull or issue.pull_request or pull_request):
        return Ignored(words.COMMENT_ON_ISSUE)
    command = one_line(delivery.comment.body, COMMAND_LENGTH_MAX)
    found = _COMMAND.fullmatch(command)
    if found is None:
        return Ignored(words.NO_COMMAND)
    head_ref = f"refs/pull/{issue.number}/head"
    if pull_request:
        change = describe_pull_request(pull_request, issue.number, delivery.sender, has_agit=has_agit)
    else:
        # Where the head comes from is not told either: then it counts as foreign.
        told = {"is_draft": bool(issue.draft), "labels": label_names(issue.labels), "is_fork": True}
        title = one_line(issue.title, TITLE_LENGTH_MAX)
        change = Change(event="", sha="", ref=head_ref, fetch_ref=head_ref, title=title).model_copy(update=told)
    update = {
        "event": "issue_comment",
        "action": found[1].lower().replace("-", "_"),
        "command": command,
        "pull_request": issue.number,
        "actor": login(delivery.sender, delivery.comment.user),
        "default_branch": default_branch(delivery.repository),
    }
    return Triggered(change.model_copy(update=update), happened_at=_moment(delivery.comment.created_at))


def _moment(text: str | None) -> datetime | None:
    """Read a time as forges write it; one that can not be read is as if it had not been told."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _change_of_review(delivery: ReviewDelivery, action: str, sha: str | None, *, has_agit: bool) -> Outcome:
    number = delivery.number or delivery.pull_request.number
    if number is None:
        return Malformed("pull_request.number", words.MISSING)
    change = describe_pull_request(delivery.pull_request, number, delivery.sender, has_agit=has_agit)
    update = {
        "event": "pull_request_review",
        "action": action,
        "sha": sha or change.sha,
        "default_branch": default_branch(delivery.repository),
    }
    return Triggered(change.model_copy(update=update))


def _refine(delivery: PullRequestDelivery) -> str:
    """Find what Forgejo and Gitea have no action of their own for."""
    changes = delivery.changes or Changes()
    if delivery.action == "edited" and changes.title and changes.title.from_ is not None:
        was_draft = _DRAFT_TITLE.match(changes.title.from_) is not None
        is_draft = _DRAFT_TITLE.match(delivery.pull_request.title or "") is not None
        if was_draft != is_draft:
            return "converted_to_draft" if is_draft else "ready_for_review"
    if delivery.action == "label_updated" and changes.removed_labels and not changes.added_labels:
        return "unlabeled"
    return delivery.action
