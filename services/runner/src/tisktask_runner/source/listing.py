"""Reads a commit's files from a mirror as values, without a checkout."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pygit2

from tisktask_runner.source import words
from tisktask_runner.source.git_command.errors import GitCommandError
from tisktask_runner.source.git_command.objects import Objects, open_objects
from tisktask_runner.source.git_command.trees import TreeFile, walk
from tisktask_runner.source.libgit2 import Libgit2Blobs
from tisktask_runner.source.links import Inside, files_in, resolve
from tisktask_runner.source.mirror_place import MirrorPlace, open_mirror, sharing_mirror
from tisktask_runner.source.outcomes import CheckoutFailed
from tisktask_runner.source.own_thread import in_own_thread
from tisktask_runner.source.reading import Blobs
from tisktask_runner.source.tree import (
    BUILD_FILES,
    EXECUTABLE,
    FILE,
    FOLDER,
    IGNORE_FILES,
    LINK,
    SUBMODULE,
    Entry,
    Listing,
    path_order,
)

FILES_MAX = 200_000
DEPTH_MAX = 200
#: Texts that decide about other files: build files, ignore files, attributes. A commit may hold one text many times.
TEXT_BYTES_MAX, TEXTS_BYTES_MAX, ATTRIBUTE_FILES_MAX = 1_000_000, 16_000_000, 20
TARGET_BYTES_MAX = 4096


async def read_listing(
    mirror: Path, sha: str, files_max: int = FILES_MAX, build_file: str | None = None
) -> Listing | CheckoutFailed:
    """List all files of a commit. `build_file` is one of any name and place, besides those in `.tisktask/`."""
    return await in_own_thread("listing", partial(_read, mirror, sha, files_max, build_file))


def _read(mirror: Path, sha: str, files_max: int, build_file: str | None) -> Listing | CheckoutFailed:
    place = MirrorPlace(mirror)
    with sharing_mirror(place):
        try:
            return (_read_by_git if place.is_sha256 else _read_by_libgit2)(mirror, sha, files_max, build_file)
        except _TooMuchError as error:
            return CheckoutFailed(str(error))
        except (pygit2.GitError, GitCommandError, KeyError, OSError, ValueError) as error:
            return CheckoutFailed(words.mirror_unreadable(str(error)), is_mirror_damaged=True)


def _read_by_libgit2(mirror: Path, sha: str, files_max: int, build_file: str | None) -> Listing:
    with open_mirror(mirror) as repository:
        tree = repository[sha].peel(pygit2.Tree)
        entries = _list(tree, files_max)
        programs_tree = str(tree[FOLDER].id) if FOLDER in tree else ""
        texts = _read_texts(Libgit2Blobs(repository), entries, build_file)
        return Listing(str(tree.id), tuple(entries), texts, programs_tree)


def _read_by_git(mirror: Path, sha: str, files_max: int, build_file: str | None) -> Listing:
    with open_objects(mirror) as objects:
        tree = objects.tree_of(sha)
        entries = _list_by_git(objects, tree, files_max)
        programs_tree = next((item.id for item in objects.tree(tree) if item.name == FOLDER.encode()), "")
        return Listing(tree, tuple(entries), _read_texts(objects, entries, build_file), programs_tree)


class _TooMuchError(Exception):
    """The commit is larger than what can be looked at; its message is for the user."""


def _list(tree: pygit2.Tree, files_max: int) -> list[Entry]:
    entries: list[Entry] = []
    folders: list[tuple[str, pygit2.Tree, int]] = [("", tree, 0)]
    # A small repository can hold a tree of billions of files, or of nothing but folders: those count, too.
    seen = 0
    while folders:
        prefix, folder, depth = folders.pop()
        seen += len(folder)
        if seen > files_max or depth > DEPTH_MAX:
            raise _TooMuchError(words.too_many_files(files_max))
        for item in folder:
            path = prefix + _decode(item.raw_name or b"")
            if isinstance(item, pygit2.Tree):
                folders.append((f"{path}/", item, depth + 1))
            else:
                entries.append(_entry(item, path))
    entries.sort(key=lambda entry: path_order(entry.path))
    return entries


def _entry(item: pygit2.Object, path: str) -> Entry:
    mode = _mode(int(item.filemode))
    head, target = b"", ""
    if isinstance(item, pygit2.Blob):
        if mode == LINK and item.size <= TARGET_BYTES_MAX:
            target = _decode(item.data)
        elif mode == FILE and _is_where_programs_are(path):
            head = item.data[:2]
    return Entry(path, mode, str(item.id), head, target)


def _list_by_git(objects: Objects, tree: str, files_max: int) -> list[Entry]:
    entries: list[Entry] = []
    for seen, item in enumerate(walk(objects, tree), start=1):
        if seen > files_max or item.depth > DEPTH_MAX:
            raise _TooMuchError(words.too_many_files(files_max))
        if not item.is_folder:
            entries.append(_entry_by_git(objects, item))
    entries.sort(key=lambda entry: path_order(entry.path))
    return entries


def _entry_by_git(objects: Objects, item: TreeFile) -> Entry:
    path, mode = _decode(item.path), _mode(item.mode)
    head, target = b"", ""
    if mode == LINK and objects.size(item.id) <= TARGET_BYTES_MAX:
        target = _decode(objects.data(item.id))
    elif mode == FILE and _is_where_programs_are(path) and objects.size(item.id) <= TEXTS_BYTES_MAX:
        head = objects.data(item.id)[:2]
    return Entry(path, mode, item.id, head, target)


def _mode(mode: int) -> int:
    # Old trees hold modes like 100664: git treats them as plain files, too.
    if mode in {LINK, SUBMODULE}:
        return mode
    return EXECUTABLE if mode & 0o111 else FILE


def _is_where_programs_are(path: str) -> bool:
    return path.startswith(f"{FOLDER}/") and path.count("/") in {2, 3}


def _read_texts(blobs: Blobs, entries: list[Entry], build_file: str | None) -> dict[str, str]:
    texts: dict[str, str] = {}
    size = 0
    for path, entry in _text_files(entries, build_file):
        size += (length := blobs.size(entry.blob))
        if length > TEXT_BYTES_MAX or size > TEXTS_BYTES_MAX:
            raise _TooMuchError(words.text_too_large(path, TEXT_BYTES_MAX))
        texts[path] = blobs.data(entry.blob).decode("utf-8", "surrogateescape")
    return texts


def _text_files(entries: list[Entry], build_file: str | None) -> Iterator[tuple[str, Entry]]:
    """List the texts to read: the name that counts, and the file that holds the text."""
    attributes = [entry for entry in entries if entry.path.rpartition("/")[2] == ".gitattributes"]
    for entry in attributes[:ATTRIBUTE_FILES_MAX]:
        yield entry.path, entry
    named_files = {*IGNORE_FILES, *(build_file + name for name in ("", *IGNORE_FILES))} if build_file else IGNORE_FILES
    named = [entry for entry in entries if entry.path in named_files or _is_build_file(entry.path)]
    space = files_in("", entries) if any(entry.mode == LINK for entry in named) else None
    for entry in named:
        found = resolve(space, entry.path) if space and entry.mode == LINK else Inside(entry)
        if isinstance(found, Inside) and found.entry and found.entry.mode in {FILE, EXECUTABLE}:
            yield entry.path, found.entry


def _is_build_file(path: str) -> bool:
    return path.startswith(f"{FOLDER}/") and path.rpartition("/")[2].startswith(BUILD_FILES)


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
