"""Finds where two lines of commits have parted: fetches as much of their history into the mirror as that needs."""

import hashlib
import re
import threading
import time
from dataclasses import dataclass
from functools import partial

import pygit2

from tisktask_runner.source import path_words, words
from tisktask_runner.source.fetch_errors import judge
from tisktask_runner.source.formats import open_for_fetching
from tisktask_runner.source.git_command.errors import GitCommandError
from tisktask_runner.source.mirror import OWN_REFS, Mirrors, WantedCommit
from tisktask_runner.source.mirror_place import fetching_alone, place_of, sharing_mirror
from tisktask_runner.source.outcomes import NotFetched
from tisktask_runner.source.own_thread import in_own_thread
from tisktask_runner.source.reading import OpenMirror
from tisktask_runner.source.transfer import TransferBudget, set_socket_limits
from tisktask_runner.source.verdicts import MirrorFault, Retry, Unserved

#: How much history is fetched, until the two lines meet; the last is all of it.
DEPTHS = (50, 500, 2**31 - 1)
#: Jobs that run because this took too long are better than a run that waits for it.
_SECONDS_MAX = 300.0
_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class MergeBase:
    """The commit where they have parted; its files are in the mirror."""

    sha: str


@dataclass(frozen=True)
class NoMergeBase:
    """It is not known, and why."""

    reason: str


async def find_merge_base(mirrors: Mirrors, head: WantedCommit, base: str) -> MergeBase | NoMergeBase:
    """Find the newest common ancestor of a commit in the mirror and a base, which is another commit or a ref."""
    abandoned = threading.Event()
    try:
        return await in_own_thread("merge-base", partial(_find_alone, mirrors, head, base, abandoned))
    finally:
        abandoned.set()


def _find_alone(mirrors: Mirrors, head: WantedCommit, base: str, abandoned: threading.Event) -> MergeBase | NoMergeBase:
    set_socket_limits()
    place = place_of(mirrors.folder, head.forge, head.full_name, head.clone_url, head.sha)
    seconds = min(mirrors.limits.seconds, _SECONDS_MAX)
    budget = TransferBudget(mirrors.limits, time.monotonic() + seconds, abandoned)
    with fetching_alone(place, seconds) as is_ours, sharing_mirror(place):
        if not is_ours:
            return NoMergeBase(words.lock_not_freed(head.full_name, seconds))
        try:
            with open_for_fetching(place) as mirror:
                return _find(mirror, head, base, budget)
        except (pygit2.GitError, GitCommandError, KeyError, ValueError, OSError) as error:
            return NoMergeBase(words.mirror_unreadable(str(error)))


def _find(mirror: OpenMirror, head: WantedCommit, base: str, budget: TransferBudget) -> MergeBase | NoMergeBase:
    own_base = OWN_REFS + (base if _SHA.fullmatch(base) else hashlib.sha256(base.encode()).hexdigest()[:40])
    # What the forge does not serve by its id, it serves by a ref.
    sources = {
        own_base: (base,),
        f"{OWN_REFS}{head.sha}-history": tuple(ref for ref in (head.sha, head.fetch_ref, head.ref) if ref),
    }
    # libgit2's transport for paths knows no shallow fetch.
    for depth in (0,) if head.clone_url.startswith("/") else DEPTHS:
        for own, names in sources.items():
            if refusal := _fetch_first(mirror, head, [f"+{name}:{own}" for name in names], depth, budget):
                return refusal
        # A ref that does not exist is no error of a transfer.
        base_sha = mirror.commit_of(own_base)
        if base_sha is None:
            return NoMergeBase(path_words.base_not_there(base))
        if found := mirror.merge_base(base_sha, head.sha):
            return MergeBase(found)
    return NoMergeBase(path_words.no_common_ancestor(base))


def _fetch_first(
    mirror: OpenMirror, head: WantedCommit, refspecs: list[str], depth: int, budget: TransferBudget
) -> NoMergeBase | None:
    """Fetch the first of them that the forge serves."""
    reason = ""
    for refspec in refspecs:
        try:
            budget.check()
            mirror.transfer(head.source, refspec, depth, budget)
        except Exception as error:  # noqa: BLE001 - callbacks raise through libgit2; judge() re-raises what it does not know
            judged = judge(error, head.full_name, head.clone_url, budget.limits)
            reason = _reason(judged, str(error), head.full_name)
            if not isinstance(judged, Unserved):
                break
        else:
            return None
    return NoMergeBase(reason)


def _reason(judged: NotFetched | Unserved | Retry | MirrorFault, error: str, full_name: str) -> str:
    match judged:
        case Unserved():
            return words.fetch_failed(full_name, 1, error)
        case Retry(text) | MirrorFault(text):
            return words.fetch_failed(full_name, 1, text)
        case verdict:
            return verdict.reason
