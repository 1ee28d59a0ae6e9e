"""Looks whether a change that somebody may have to allow is one to the programs themselves."""

from dataclasses import replace

from tisktask_common.events import Change
from tisktask_common.trigger_events import brings_commit
from tisktask_runner import words
from tisktask_runner.attempt.commit import CommitRead
from tisktask_runner.attempt.notes import Notes
from tisktask_runner.attempt.path_filters import Basis, UnknownBasis, read_basis
from tisktask_runner.source.discovery import TooManyPrograms, discover
from tisktask_runner.source.mirror import Mirrors, WantedCommit


async def changes_programs(
    mirrors: Mirrors, wanted: WantedCommit, change: Change, read: CommitRead, notes: Notes
) -> bool | None:
    """Tell whether .tisktask/ is not as where the change has left its base; None: that is not known."""
    before = await _read_before(mirrors, wanted, change, read, notes)
    if before is None:
        return None
    is_changed = before.listing.programs_tree != read.listing.programs_tree
    notes.say(words.programs_compared(before.fetched.sha, is_changed=is_changed))
    return is_changed


async def removes_programs(
    mirrors: Mirrors, wanted: WantedCommit, change: Change, read: CommitRead, notes: Notes
) -> bool | None:
    """Tell of a change that has no programs whether there were some where it has left its base; None: not known.

    A forge takes what is skipped for passed: no stranger is to have that by taking the programs out.
    """
    if not brings_commit(change.event, change.action):
        return None
    before = await _read_before(mirrors, wanted, change, read, notes)
    if before is None:
        return None
    found = discover(before.listing.entries, change.event, change.action)
    had_programs = isinstance(found, TooManyPrograms) or bool(found.programs)
    if had_programs:
        notes.say(words.programs_removed(before.fetched.sha))
    return had_programs


async def _read_before(
    mirrors: Mirrors, wanted: WantedCommit, change: Change, read: CommitRead, notes: Notes
) -> CommitRead | None:
    base = _base_of(change)
    if base is None:
        notes.say(words.programs_not_compared(""))
        return None
    before = await read_basis(mirrors, replace(wanted, sha=read.fetched.sha), Basis(base, is_parting=True))
    if isinstance(before, UnknownBasis):
        notes.say(words.programs_not_compared(before.reason))
        return None
    return before


def _base_of(change: Change) -> str | None:
    branch = change.base_branch or change.default_branch
    return change.base_sha or (f"refs/heads/{branch}" if branch else None)
