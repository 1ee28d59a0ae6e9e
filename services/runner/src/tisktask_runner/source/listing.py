"""Reads a commit's files from a mirror as values, without a checkout."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pygit2

from tisktask_runner.source import words
from tisktask_runner.source.links import Inside, files_in, resolve
from tisktask_runner.source.mirror_place import MirrorPlace, open_mirror, sharing_mirror
from tisktask_runner.source.outcomes import CheckoutFailed
from tisktask_runner.source.own_thread import in_own_thread
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
    with sharing_mirror(MirrorPlace(mirror)):
        try:
            with open_mirror(mirror) as repository:
                tree = repository[sha].peel(pygit2.Tree)
                entries = _list(tree, files_max)
                return Listing(str(tree.id), tuple(entries), _read_texts(repository, entries, build_file))
        except _TooMuchError as error:
            return CheckoutFailed(str(error))
        except (pygit2.GitError, KeyError, OSError, ValueError) as error:
            return CheckoutFailed(words.mirror_unreadable(str(error)), is_mirror_damaged=True)


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
    # Old trees hold modes like 100664: git treats them as plain files, too.
    mode = int(item.filemode)
    if mode not in {LINK, SUBMODULE}:
        mode = EXECUTABLE if mode & 0o111 else FILE
    head, target = b"", ""
    if isinstance(item, pygit2.Blob):
        if mode == LINK and item.size <= TARGET_BYTES_MAX:
            target = _decode(item.data)
        elif mode == FILE and path.startswith(f"{FOLDER}/") and path.count("/") in {2, 3}:
            head = item.data[:2]
    return Entry(path, mode, str(item.id), head, target)


def _read_texts(repository: pygit2.Repository, entries: list[Entry], build_file: str | None) -> dict[str, str]:
    texts: dict[str, str] = {}
    size = 0
    for path, entry in _text_files(entries, build_file):
        size += (length := repository.odb.read_header(entry.blob)[1])
        if length > TEXT_BYTES_MAX or size > TEXTS_BYTES_MAX:
            raise _TooMuchError(words.text_too_large(path, TEXT_BYTES_MAX))
        texts[path] = repository[entry.blob].peel(pygit2.Blob).data.decode("utf-8", "surrogateescape")
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
