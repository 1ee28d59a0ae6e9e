"""GitHub and GitHub Enterprise Server."""

from collections.abc import Mapping
from functools import partial

from tisktask_ingest import words
from tisktask_ingest.forges.deletions import read_deletion
from tisktask_ingest.forges.github_apps import (
    read_check_run,
    read_check_suite,
    read_merge_group,
    read_repository_dispatch,
    read_workflow_dispatch,
)
from tisktask_ingest.forges.pull_requests import read_comment, read_github_review, read_pull_request
from tisktask_ingest.forges.pushes import read_push
from tisktask_ingest.forges.releases import read_package, read_release
from tisktask_ingest.outcome import Ignored, Outcome, Ping, Reader

READERS: Mapping[str, Reader] = {
    "push": read_push,
    "delete": read_deletion,
    "pull_request": partial(read_pull_request, has_agit=False),
    "pull_request_review": read_github_review,
    "issue_comment": partial(read_comment, has_agit=False),
    "release": read_release,
    "merge_group": read_merge_group,
    "workflow_dispatch": read_workflow_dispatch,
    "repository_dispatch": read_repository_dispatch,
    "package": read_package,
    "check_run": read_check_run,
    "check_suite": read_check_suite,
}


def normalise(event: str, _event_type: str, body: bytes) -> Outcome:
    """Say what a delivery means. Raises ValidationError if the payload lacks what is needed."""
    if event == "ping":
        return Ping()
    reader = READERS.get(event)
    return reader(body) if reader else Ignored(words.event_not_built(event))
