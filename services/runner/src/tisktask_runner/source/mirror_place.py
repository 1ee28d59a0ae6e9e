"""Where a repository's mirror is on disk, and who may touch it: locks between processes, making anew, collection."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pygit2
from pygit2.enums import RepositoryOpenFlag

from tisktask_runner.source.git_command.init import init_mirror

LOCK_POLL_SECONDS = 0.02
_SHA256_DIGITS, _SHA256_END = 64, ".sha256.git"


@dataclass(frozen=True)
class MirrorPlace:
    """The paths of one repository's mirror."""

    mirror: Path

    @property
    def is_sha256(self) -> bool:
        """Whether ids have 64 digits: libgit2 can not read such a mirror, git can."""
        return self.mirror.name.endswith(_SHA256_END)

    @property
    def fetch_lock(self) -> Path:
        """Held by the one that fetches."""
        return self.mirror.with_suffix(".fetch")

    @property
    def use_lock(self) -> Path:
        """Shared by those that read or fetch; exclusive for the one that removes. Its time is that of the last use."""
        return self.mirror.with_suffix(".use")


def place_of(folder: Path, forge: str, full_name: str, clone_url: str, sha: str) -> MirrorPlace:
    """Name the mirror so that people recognise it; the hash keeps apart what the safe names do not.

    A repository that is made anew in the other object format gets another mirror.
    """
    owner, _, name = full_name.rpartition("/")
    digest = hashlib.sha256(f"{forge}\n{full_name}\n{clone_url}".encode()).hexdigest()[:16]
    end = _SHA256_END if is_sha256(sha) else ".git"
    return MirrorPlace(folder / _safe(forge) / _safe(owner) / f"{_safe(name)}-{digest}{end}")


def is_sha256(sha: str) -> bool:
    """Tell from an id which format its repository is in."""
    return len(sha) == _SHA256_DIGITS


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)[:64] or "_"


def mirror_exists(place: MirrorPlace) -> bool:
    return (place.mirror / "HEAD").exists()


@contextlib.contextmanager
def open_mirror(mirror: Path) -> Generator[pygit2.Repository]:
    """Open exactly this folder: no search in its parents. Raises what pygit2 raises if it is none or damaged."""
    repository = pygit2.Repository(str(mirror), RepositoryOpenFlag.NO_SEARCH | RepositoryOpenFlag.BARE)
    try:
        yield repository
    finally:
        # Every fetch makes a pack: their descriptors are given back now, not when the object is collected some day.
        repository.free()


def create_mirror(place: MirrorPlace) -> None:
    """Make an empty mirror; it appears whole or not at all."""
    new = place.mirror.with_suffix(f".new-{uuid4().hex}")
    if place.is_sha256:
        init_mirror(new)
    else:
        pygit2.init_repository(str(new), bare=True)
    try:
        new.rename(place.mirror)
    except OSError:
        shutil.rmtree(new)
        if not mirror_exists(place):
            raise


def remove_mirror(place: MirrorPlace, wait_seconds: float) -> bool:
    """Remove it when nobody reads it; `False` if that did not come to be in time."""
    with _flock(place.use_lock, fcntl.LOCK_EX, wait_seconds) as is_ours:
        if is_ours and place.mirror.exists():
            trash = place.mirror.with_suffix(f".old-{uuid4().hex}")
            place.mirror.rename(trash)
            shutil.rmtree(trash)
        return is_ours


@contextlib.contextmanager
def sharing_mirror(place: MirrorPlace) -> Generator[None]:
    """Keep the mirror from being removed, and note that it was used."""
    with _flock(place.use_lock, fcntl.LOCK_SH, wait_seconds=60) as is_ours:
        if not is_ours:
            raise TimeoutError(f"{place.use_lock} has been locked for a minute")
        os.utime(place.use_lock)
        yield


@contextlib.contextmanager
def fetching_alone(place: MirrorPlace, wait_seconds: float) -> Generator[bool]:
    """Hold the right to fetch; `False` if another process did not give it back in time."""
    with _flock(place.fetch_lock, fcntl.LOCK_EX, wait_seconds) as is_ours:
        yield is_ours


def collect_mirrors(folder: Path, unused_seconds: float) -> list[Path]:
    """Remove the mirrors that nobody has used for so long, and leftovers of killed processes; return what went."""
    removed: list[Path] = []
    oldest_use = time.time() - unused_seconds
    for use_lock in folder.glob("*/*/*.use"):
        place = MirrorPlace(use_lock.with_suffix(".git"))
        if use_lock.stat().st_mtime < oldest_use and place.mirror.exists() and remove_mirror(place, wait_seconds=0):
            removed.append(place.mirror)
    for pattern in ("*/*/*.new-*", "*/*/*.old-*"):
        for leftover in folder.glob(pattern):
            if leftover.stat().st_mtime < oldest_use:
                shutil.rmtree(leftover)
                removed.append(leftover)
    return removed


@contextlib.contextmanager
def _flock(path: Path, kind: int, wait_seconds: float) -> Generator[bool]:
    # Polled, not awaited: a wait in flock() could not be given up. Lock files stay: removing them would race.
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    with path.open("ab") as file:
        is_ours = _try_lock(file.fileno(), kind)
        while not is_ours and time.monotonic() < deadline:
            time.sleep(LOCK_POLL_SECONDS)
            is_ours = _try_lock(file.fileno(), kind)
        yield is_ours


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
