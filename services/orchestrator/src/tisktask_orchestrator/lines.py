"""Which runs are about the same thing, so that a newer one makes an older one superfluous. Pure."""

from tisktask_common.events import Change

#: What brings a commit. Others (labeled, closed, ...) are about the one that is there already, and have other programs.
_ACTIONS_WITH_COMMIT = frozenset({"opened", "reopened", "synchronize"})


def line_of(change: Change) -> str | None:
    """Name the line of commits that a change is the newest of; None: there is none, as of tags."""
    if change.event == "pull_request" and change.pull_request is not None and change.action in _ACTIONS_WITH_COMMIT:
        return f"pull_request/{change.pull_request}"
    if change.event == "push" and change.branch and not change.tag:
        return f"branch/{change.branch}"
    return None
