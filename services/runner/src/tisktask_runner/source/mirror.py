"""Fetches one commit into a bare mirror of its repository: by its id, else by the refs that may hold it."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pygit2
import structlog
from pydantic import SecretStr

from tisktask_runner.source import words
from tisktask_runner.source.address import unusable_address
from tisktask_runner.source.fetch_errors import judge
from tisktask_runner.source.formats import open_for_fetching
from tisktask_runner.source.git_command.errors import GitCommandError
from tisktask_runner.source.git_command.process import is_installed
from tisktask_runner.source.mirror_place import (
    MirrorPlace,
    create_mirror,
    fetching_alone,
    is_sha256,
    mirror_exists,
    place_of,
    remove_mirror,
    sharing_mirror,
)
from tisktask_runner.source.outcomes import CommitGone, Fetched, FetchFailed, FetchOutcome, NotFetched
from tisktask_runner.source.own_thread import in_own_thread
from tisktask_runner.source.reading import NotACommit, OpenMirror, Source
from tisktask_runner.source.transfer import TransferBudget, TransferLimits, set_socket_limits
from tisktask_runner.source.verdicts import MirrorFault, Retry, Unserved

log = structlog.get_logger()

OWN_REFS = "refs/tisktask/"
#: Refs tell the forge what we have; more of them make each fetch slower without making it smaller.
OWN_REFS_MAX = 16
#: Nobody ever repacks: a mirror with so many packs is slower than a new one.
PACKS_MAX = 400
#: How far back the commit may be in a ref, for forges that do not serve a commit by its id.
DEPTHS = (1, 200)
REMOVAL_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class WantedCommit:
    """A commit, and where and how to get it."""

    forge: str
    full_name: str
    #: https://, http:// or an absolute path on this host.
    clone_url: str
    sha: str
    ref: str
    fetch_ref: str | None = None
    token: SecretStr | None = None

    @property
    def source(self) -> Source:
        return Source(self.clone_url, self.token)


@dataclass(frozen=True)
class Mirrors:
    """The mirrors of one host. Its replicas share the folder."""

    folder: Path
    limits: TransferLimits = field(default_factory=TransferLimits)


async def fetch_commit(mirrors: Mirrors, wanted: WantedCommit, *, is_mirror_damaged: bool = False) -> FetchOutcome:
    """Make sure that the commit is in the mirror; no network if it is. Given up as soon as the task is cancelled."""
    if refusal := _refuse(wanted):
        return refusal
    abandoned = threading.Event()
    work = partial(_fetch_alone, mirrors, wanted, abandoned, is_mirror_damaged)
    try:
        return await in_own_thread("fetch", work)
    finally:
        abandoned.set()


def _refuse(wanted: WantedCommit) -> FetchFailed | None:
    """Find what no fetch can work with."""
    if refusal := unusable_address(wanted.clone_url):
        return FetchFailed(refusal)
    if not re.fullmatch(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", wanted.sha):
        return FetchFailed(words.not_a_sha(wanted.sha))
    if is_sha256(wanted.sha) and not is_installed():
        return FetchFailed(words.git_missing())
    return None


def _fetch_alone(
    mirrors: Mirrors,
    wanted: WantedCommit,
    abandoned: threading.Event,
    is_mirror_damaged: bool,  # noqa: FBT001
) -> FetchOutcome:
    set_socket_limits()
    place = place_of(mirrors.folder, wanted.forge, wanted.full_name, wanted.clone_url, wanted.sha)
    if not is_mirror_damaged and (found := _find_at_once(place, wanted)):
        return found
    seconds = mirrors.limits.seconds
    budget = TransferBudget(mirrors.limits, time.monotonic() + seconds, abandoned)
    with fetching_alone(place, seconds) as is_ours:
        if not is_ours:
            return FetchFailed(words.lock_not_freed(wanted.full_name, seconds))
        if is_mirror_damaged or _is_worn(place):
            log.info("mirror_made_anew", mirror=str(place.mirror), is_damaged=is_mirror_damaged)
            remove_mirror(place, REMOVAL_WAIT_SECONDS)
        outcome = _fetch_with_retries(place, wanted, budget)
        if isinstance(outcome, _Damaged):
            log.warning("mirror_damaged", mirror=str(place.mirror), error=outcome.error)
            remove_mirror(place, REMOVAL_WAIT_SECONDS)
            outcome = _fetch_with_retries(place, wanted, budget)
    return FetchFailed(words.mirror_unreadable(outcome.error)) if isinstance(outcome, _Damaged) else outcome


def _find_at_once(place: MirrorPlace, wanted: WantedCommit) -> Fetched | None:
    """Look without the lock, so that a job does not wait for another commit's fetch. Damage is seen later."""
    with sharing_mirror(place):
        try:
            if not mirror_exists(place):
                return None
            with open_for_fetching(place) as mirror:
                found = _find(mirror, place, wanted)
        except (pygit2.GitError, GitCommandError, OSError, ValueError) as error:
            log.info("mirror_unreadable", mirror=str(place.mirror), error=str(error))
            return None
    return found if isinstance(found, Fetched) else None


@dataclass(frozen=True)
class _Damaged:
    """The mirror itself is what failed."""

    error: str


def _is_worn(place: MirrorPlace) -> bool:
    return sum(1 for _ in (place.mirror / "objects" / "pack").glob("*.pack")) > PACKS_MAX


def _fetch_with_retries(place: MirrorPlace, wanted: WantedCommit, budget: TransferBudget) -> FetchOutcome | _Damaged:
    pause_seconds = budget.limits.pause_seconds
    error = ""
    for _ in range(budget.limits.tries):
        outcome = _fetch_once(place, wanted, budget)
        if not isinstance(outcome, Retry):
            return outcome
        error = outcome.error
        log.warning("fetch_try_failed", repository=wanted.full_name, error=error)
        if budget.abandoned.wait(min(pause_seconds, max(0, budget.deadline - time.monotonic()))):
            return FetchFailed(words.fetch_stopped(wanted.full_name))
        pause_seconds *= 2
    return FetchFailed(words.fetch_failed(wanted.full_name, budget.limits.tries, error))


def _fetch_once(place: MirrorPlace, wanted: WantedCommit, budget: TransferBudget) -> FetchOutcome | Retry | _Damaged:
    with sharing_mirror(place), contextlib.ExitStack() as opened:
        try:
            if not mirror_exists(place):
                create_mirror(place)
            mirror = opened.enter_context(open_for_fetching(place))
            found = _find(mirror, place, wanted)
        except (pygit2.GitError, GitCommandError, OSError, ValueError) as error:
            return _Damaged(str(error))
        try:
            return found or _fetch_missing(mirror, place, wanted, budget)
        finally:
            _forget_old_refs(mirror, place)


def _fetch_missing(
    mirror: OpenMirror, place: MirrorPlace, wanted: WantedCommit, budget: TransferBudget
) -> FetchOutcome | Retry | _Damaged:
    for refspec, depth in _requests(wanted):
        try:
            budget.check()
            mirror.transfer(wanted.source, refspec, depth, budget)
        except Exception as error:  # noqa: BLE001 - callbacks raise through libgit2; judge() re-raises what it does not know
            judged = judge(error, wanted.full_name, wanted.clone_url, budget.limits)
            if isinstance(judged, MirrorFault):
                return _Damaged(judged.error)
            if not isinstance(judged, Unserved):
                return judged
        try:
            if found := _find(mirror, place, wanted):
                return found
        except (pygit2.GitError, GitCommandError, ValueError) as error:
            return _Damaged(str(error))
    return CommitGone(words.commit_gone(wanted.sha, wanted.full_name))


def _requests(wanted: WantedCommit) -> Iterator[tuple[str, int]]:
    """List what to ask for, the most exact first: (refspec, depth); depth 0 is the whole history."""
    own = f"{OWN_REFS}{wanted.sha}"
    # libgit2's transport for paths knows no shallow fetch.
    is_local = wanted.clone_url.startswith("/")
    yield f"+{wanted.sha}:{own}", 0 if is_local else 1
    refs = [ref for ref in (wanted.fetch_ref, wanted.ref) if ref and re.fullmatch(r"refs/[^\s:*?\[\\^~]+", ref)]
    for depth in (0,) if is_local else DEPTHS:
        for ref in dict.fromkeys(refs):
            yield f"+{ref}:{own}", depth


def _find(mirror: OpenMirror, place: MirrorPlace, wanted: WantedCommit) -> Fetched | NotFetched | None:
    """Look for the commit and all its trees; `None` if it is not here."""
    found = mirror.find(wanted.sha)
    if isinstance(found, NotACommit):
        return CommitGone(words.not_a_commit(wanted.sha, wanted.full_name))
    return Fetched(place.mirror, found.sha, found.title) if found else None


def _forget_old_refs(mirror: OpenMirror, place: MirrorPlace) -> None:
    folder = place.mirror / OWN_REFS
    files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime) if folder.is_dir() else []
    # Whoever fetches is alone: such a file was left by a process that was killed. It is no ref that could be deleted.
    locks = [file for file in files if file.suffix == ".lock"]
    for lock in locks:
        lock.unlink()
    for ref in [file for file in files if file not in locks][:-OWN_REFS_MAX]:
        mirror.delete_ref(f"{OWN_REFS}{ref.name}")
