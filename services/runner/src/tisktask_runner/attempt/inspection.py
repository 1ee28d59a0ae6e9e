"""Looks whether a change that somebody may have to allow is one to the programs themselves."""

from dataclasses import replace

from tisktask_common.events import Change
from tisktask_runner import words
from tisktask_runner.attempt.commit import CommitRead
from tisktask_runner.attempt.notes import Notes
from tisktask_runner.attempt.path_filters import Basis, UnknownBasis, read_basis
from tisktask_runner.source.mirror import Mirrors, WantedCommit


async def changes_programs(
    mirrors: Mirrors, wanted: WantedCommit, change: Change, read: CommitRead, notes: Notes
) -> bool | None:
    """Tell whether .tisktask/ is not as where the change has left its base; None: that is not known."""
    base = _base_of(change)
    if base is None:
        notes.say(words.programs_not_compared(""))
        return None
    before = await read_basis(mirrors, replace(wanted, sha=read.fetched.sha), Basis(base, is_parting=True))
    if isinstance(before, UnknownBasis):
        notes.say(words.programs_not_compared(before.reason))
        return None
    is_changed = before.listing.programs_tree != read.listing.programs_tree
    notes.say(words.programs_compared(before.fetched.sha, is_changed=is_changed))
    return is_changed


def _base_of(change: Change) -> str | None:
    branch = change.base_branch or change.default_branch
    return change.base_sha or (f"refs/heads/{branch}" if branch else None)
