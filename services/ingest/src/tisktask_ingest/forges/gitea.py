"""Forgejo and Gitea: one family, whose deliveries have the same shape."""

from collections.abc import Mapping
from functools import partial

from tisktask_ingest import words
from tisktask_ingest.forges.deletions import read_deletion
from tisktask_ingest.forges.pull_requests import read_comment, read_gitea_review, read_pull_request
from tisktask_ingest.forges.pushes import read_push_or_test
from tisktask_ingest.forges.releases import read_package, read_release
from tisktask_ingest.outcome import Ignored, Outcome, Ping, Reader

READERS: Mapping[str, Reader] = {
    "push": read_push_or_test,
    "delete": read_deletion,
    "pull_request": partial(read_pull_request, has_agit=True),
    "pull_request_approved": read_gitea_review("pull_request_approved"),
    "pull_request_rejected": read_gitea_review("pull_request_rejected"),
    "pull_request_comment": read_gitea_review("pull_request_comment"),
    "issue_comment": partial(read_comment, has_agit=True),
    "release": read_release,
    "package": read_package,
}


def normalise(event: str, event_type: str, body: bytes) -> Outcome:
    """Say what a delivery means. Raises ValidationError if the payload lacks what is needed."""
    # Forgejo sends an empty event for packages; the type is always there.
    kind = event or event_type
    if kind == "ping":
        return Ping()
    reader = READERS.get(kind)
    return reader(body) if reader else Ignored(words.event_not_built(kind))
