"""Writes a commit's files to a fresh directory, with executable bits and links, and never outside of it."""

import asyncio
import contextlib
import os
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pygit2
from pygit2.enums import CheckoutStrategy, FileMode

from tisktask_runner.source import words
from tisktask_runner.source.git_command.checkout import CheckoutStoppedError, measure_files, write_files
from tisktask_runner.source.git_command.errors import GitCommandError, shorten
from tisktask_runner.source.git_command.objects import open_objects
from tisktask_runner.source.mirror import Mirrors, WantedCommit, fetch_commit
from tisktask_runner.source.mirror_place import MirrorPlace, open_mirror, sharing_mirror
from tisktask_runner.source.outcomes import CheckedOut, CheckoutFailed, CheckoutOutcome, Fetched, NotFetched
from tisktask_runner.source.own_thread import in_own_thread

BYTES_MAX = 8 * 1024**3
BLOCK_BYTES = 4096
#: The mirror is shared: its index must stay as it is.
_STRATEGY = (
    CheckoutStrategy.FORCE
    | CheckoutStrategy.NO_REFRESH
    | CheckoutStrategy.DONT_UPDATE_INDEX
    | CheckoutStrategy.DONT_WRITE_INDEX
)
#: libgit2's and git's words for objects that can not be read, as against a directory that can not be written.
_DAMAGE = ("object not found", "corrupt", "mismatch", "inflate", "zlib", "pack", "odb", "unable to read")


async def check_out_wanted(
    mirrors: Mirrors, wanted: WantedCommit, directory: Path, bytes_max: int = BYTES_MAX
) -> CheckedOut | CheckoutFailed | NotFetched:
    """Fetch the commit if it is missing and write it to `directory`; a damaged mirror is made anew, once."""
    outcome = await _fetch_and_check_out(mirrors, wanted, directory, bytes_max)
    if not (isinstance(outcome, CheckoutFailed) and outcome.is_mirror_damaged):
        return outcome
    return await _fetch_and_check_out(mirrors, wanted, directory, bytes_max, is_mirror_damaged=True)


async def _fetch_and_check_out(
    mirrors: Mirrors, wanted: WantedCommit, directory: Path, bytes_max: int, *, is_mirror_damaged: bool = False
) -> CheckedOut | CheckoutFailed | NotFetched:
    fetched = await fetch_commit(mirrors, wanted, is_mirror_damaged=is_mirror_damaged)
    if not isinstance(fetched, Fetched):
        return fetched
    return await check_out(fetched.mirror, fetched.sha, directory, bytes_max)


async def check_out(mirror: Path, sha: str, directory: Path, bytes_max: int = BYTES_MAX) -> CheckoutOutcome:
    """Write the commit to `directory`, which is made if it does not exist, and must be empty."""
    abandoned = threading.Event()
    order = _Order(MirrorPlace(mirror), sha, directory, bytes_max, abandoned)
    work = asyncio.ensure_future(in_own_thread("checkout", partial(_check_out, order)))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        abandoned.set()
        # libgit2 can not be stopped here, and whoever cancelled will remove the directory: not while it is written.
        await asyncio.wait({work})
        raise


@dataclass(frozen=True)
class _Order:
    """What is to be written, and where."""

    place: MirrorPlace
    sha: str
    directory: Path
    bytes_max: int
    #: Set by a caller that no longer wants it.
    abandoned: threading.Event


def _check_out(order: _Order) -> CheckoutOutcome:
    order.directory.mkdir(parents=True, exist_ok=True)
    with sharing_mirror(order.place):
        return (_check_out_by_git if order.place.is_sha256 else _check_out_by_libgit2)(order)


def _check_out_by_git(order: _Order) -> CheckoutOutcome:
    mirror = order.place.mirror
    try:
        with open_objects(mirror) as objects:
            tree = objects.tree_of(order.sha)
            files, size = measure_files(objects, tree, order.bytes_max, BLOCK_BYTES)
    except (GitCommandError, OSError, ValueError) as error:
        return CheckoutFailed(words.mirror_unreadable(shorten(str(error))), is_mirror_damaged=True)
    if size > order.bytes_max:
        return CheckoutFailed(words.checkout_too_large(order.bytes_max))
    try:
        write_files(mirror, tree, order.directory, order.abandoned)
    except CheckoutStoppedError:
        return CheckoutFailed(words.checkout_stopped())
    except (GitCommandError, OSError) as error:
        return _not_written(shorten(str(error)))
    return CheckedOut(files, size)


def _not_written(error: str) -> CheckoutFailed:
    is_damaged = any(word in error.lower() for word in _DAMAGE)
    return CheckoutFailed(words.checkout_failed(error), is_mirror_damaged=is_damaged)


def _check_out_by_libgit2(order: _Order) -> CheckoutOutcome:
    directory = order.directory
    with contextlib.ExitStack() as opened:
        try:
            repository = opened.enter_context(open_mirror(order.place.mirror))
            commit = repository[order.sha].peel(pygit2.Commit)
            files, size, submodules = _measure(repository, commit.tree, order.bytes_max)
        except (pygit2.GitError, KeyError, OSError, ValueError) as error:
            return CheckoutFailed(words.mirror_unreadable(str(error)), is_mirror_damaged=True)
        if size > order.bytes_max:
            return CheckoutFailed(words.checkout_too_large(order.bytes_max))
        try:
            # libgit2 refuses submodules where there is no working tree; they are empty folders.
            tree = repository[_without_submodules(repository, commit.tree)] if submodules else commit
            repository.checkout_tree(tree, directory=str(directory), strategy=_STRATEGY)
            _make_empty_folders(directory, submodules)
        except (pygit2.GitError, KeyError, OSError, ValueError) as error:
            return _not_written(str(error))
    return CheckedOut(files, size)


def _measure(repository: pygit2.Repository, tree: pygit2.Tree, bytes_max: int) -> tuple[int, int, list[bytes]]:
    """Count files and bytes before they are written, for a small repository can hold a tree of any size.

    Also list the paths of its submodules.
    """
    files = size = 0
    submodules: list[bytes] = []
    folders = [(b"", tree)]
    while folders and size <= bytes_max:
        prefix, folder = folders.pop()
        for item in folder:
            # Each file and folder takes a block on disk, whatever is in it.
            size += BLOCK_BYTES
            path = prefix + (item.raw_name or b"")
            if isinstance(item, pygit2.Tree):
                folders.append((path + b"/", item))
            elif isinstance(item, pygit2.Blob):
                files += 1
                size += repository.odb.read_header(item.id)[1]
            else:
                submodules.append(path)
    return files, size, submodules


def _without_submodules(repository: pygit2.Repository, tree: pygit2.Tree) -> pygit2.Oid:
    builder = repository.TreeBuilder(tree)
    for item in tree:
        if isinstance(item, pygit2.Tree):
            changed = _without_submodules(repository, item)
            if changed != item.id:
                builder.insert(os.fsdecode(item.raw_name or b""), changed, FileMode.TREE)
        elif not isinstance(item, pygit2.Blob):
            builder.remove(os.fsdecode(item.raw_name or b""))
    return builder.write()


def _make_empty_folders(directory: Path, submodules: list[bytes]) -> None:
    for path in submodules:
        here = directory
        for part in os.fsdecode(path).split("/"):
            here /= part
            # A tree made by hand may hold a link and a folder of one name: nothing is made behind a link.
            if here.is_symlink():
                break
            here.mkdir(exist_ok=True)
