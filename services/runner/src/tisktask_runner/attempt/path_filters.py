"""Which of a run's programs are not interested in what has changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tisktask_common.events import Change
from tisktask_runner.attempt.commit import CommitRead
from tisktask_runner.attempt.notes import Notes
from tisktask_runner.source import path_words as words
from tisktask_runner.source.listing import read_listing
from tisktask_runner.source.merge_base import NoMergeBase, find_merge_base
from tisktask_runner.source.mirror import Mirrors, WantedCommit, fetch_commit
from tisktask_runner.source.outcomes import CheckoutFailed, Fetched
from tisktask_runner.source.path_filter import changed_files, find_match
from tisktask_runner.source.policies import Policies


@dataclass(frozen=True)
class Filtered:
    """Programs that are not to run, and why; a warning if what has changed could not be found out."""

    reasons: Mapping[str, str] = field(default_factory=dict[str, str])
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Basis:
    """What a change is compared with: a commit or a ref, itself or where the change has left its line."""

    base: str
    is_parting: bool


@dataclass(frozen=True)
class UnknownBasis:
    """Why it is not known what a change is to be compared with."""

    reason: str


async def filter_by_paths(
    mirrors: Mirrors, wanted: WantedCommit, change: Change, read: CommitRead, policies: Policies, notes: Notes
) -> Filtered:
    """Compare the commit with what it is a change of, if any program asks for that."""
    patterns = {path: policy.paths for path, policy in policies.items() if policy.paths}
    if not patterns:
        return Filtered()
    basis = basis_of(change)
    if basis is None:
        notes.say(words.nothing_to_compare(change.event))
        return Filtered()
    before = await read_basis(mirrors, replace(wanted, sha=read.fetched.sha), basis)
    if isinstance(before, UnknownBasis):
        warning = words.not_filtered(before.reason)
        notes.say(warning)
        return Filtered(warnings=(warning,))
    changed = changed_files(before.listing, read.listing)
    notes.say(words.compared(len(changed), before.fetched.sha))
    reasons = {
        path: words.filtered(meant, len(changed))
        for path, meant in patterns.items()
        if find_match(meant, changed) is None
    }
    for path, reason in reasons.items():
        notes.say(words.filtered_out(path, reason))
    return Filtered(reasons)


def basis_of(change: Change) -> Basis | None:
    """Say what a change is compared with; None: with nothing, as a tag or a new default branch."""
    if change.pull_request is not None:
        return Basis(change.base_sha, is_parting=True) if change.base_sha else None
    if change.base_sha:
        return Basis(change.base_sha, is_parting=False)
    is_new_branch = change.event == "push" and change.branch not in {None, change.default_branch}
    if is_new_branch and change.default_branch:
        return Basis(f"refs/heads/{change.default_branch}", is_parting=True)
    return None


async def read_basis(mirrors: Mirrors, wanted: WantedCommit, basis: Basis) -> CommitRead | UnknownBasis:
    """Fetch and list what a change is compared with."""
    sha = basis.base
    if basis.is_parting:
        found = await find_merge_base(mirrors, wanted, basis.base)
        if isinstance(found, NoMergeBase):
            return UnknownBasis(found.reason)
        sha = found.sha
    fetched = await fetch_commit(mirrors, replace(wanted, sha=sha, fetch_ref=None))
    if not isinstance(fetched, Fetched):
        return UnknownBasis(words.base_not_read(fetched.reason))
    listing = await read_listing(fetched.mirror, fetched.sha)
    if isinstance(listing, CheckoutFailed):
        return UnknownBasis(words.base_not_read(listing.reason))
    return CommitRead(fetched, listing)
