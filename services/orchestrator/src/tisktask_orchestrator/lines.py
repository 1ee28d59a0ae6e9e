"""Which runs are about the same thing, so that a newer one makes an older one superfluous. Pure."""

from tisktask_common.events import Change
from tisktask_common.trigger_events import brings_commit


def line_of(change: Change) -> str | None:
    """Name the line of commits that a change is the newest of; None: there is none, as of tags."""
    # Others (labeled, closed, ...) are about the commit that is there already, and have other programs.
    if change.event == "pull_request" and change.pull_request is not None and _brings_commit(change):
        return f"pull_request/{change.pull_request}"
    if change.event == "push" and change.branch and not change.tag:
        return f"branch/{change.branch}"
    return None


def _brings_commit(change: Change) -> bool:
    return change.action is not None and brings_commit(change.event, change.action)
