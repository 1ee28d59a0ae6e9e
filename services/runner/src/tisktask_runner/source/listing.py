"""Reads a commit's files from a mirror as values, without a checkout."""

from functools import partial
from pathlib import Path

import pygit2

from tisktask_runner.source import words
from tisktask_runner.source.mirror_place import MirrorPlace, open_mirror, sharing_mirror
from tisktask_runner.source.outcomes import CheckoutFailed
from tisktask_runner.source.own_thread import in_own_thread
from tisktask_runner.source.tree import FILE, FOLDER, LINK, SUBMODULE, Entry, Listing, path_order

FILES_MAX = 200_000
DEPTH_MAX = 200
#: Of a text that decides about other files, and of a link's target.
TEXT_BYTES_MAX, TARGET_BYTES_MAX = 1_000_000, 4096
_TREE = 0o040000
_TEXT_NAMES = (".gitattributes", ".containerignore", ".dockerignore")
_BUILD_FILES = ("Dockerfile", "Containerfile")


async def read_listing(mirror: Path, sha: str, files_max: int = FILES_MAX) -> Listing | CheckoutFailed:
    """List all files of a commit."""
    return await in_own_thread("listing", partial(_read, mirror, sha, files_max))


def _read(mirror: Path, sha: str, files_max: int) -> Listing | CheckoutFailed:
    with sharing_mirror(MirrorPlace(mirror)):
        try:
            repository = open_mirror(mirror)
            return _list(repository, sha, files_max)
        except _TooManyError:
            return CheckoutFailed(words.too_many_files(files_max))
        except (pygit2.GitError, KeyError, OSError, ValueError) as error:
            return CheckoutFailed(words.mirror_unreadable(str(error)), is_mirror_damaged=True)


class _TooManyError(Exception):
    """The tree has more files, or deeper folders, than allowed: it may be made to have billions."""


def _list(repository: pygit2.Repository, sha: str, files_max: int) -> Listing:
    tree = repository[sha].peel(pygit2.Tree)
    entries: list[Entry] = []
    texts: dict[str, str] = {}
    folders: list[tuple[str, pygit2.Tree, int]] = [("", tree, 0)]
    # Trees of nothing but trees have no files to count: folders count too.
    seen = 0
    while folders:
        prefix, folder, depth = folders.pop()
        seen += len(folder)
        if seen > 2 * files_max or len(entries) > files_max or depth > DEPTH_MAX:
            raise _TooManyError
        for item in folder:
            path = prefix + _decode(item.raw_name or b"")
            if isinstance(item, pygit2.Tree):
                folders.append((f"{path}/", item, depth + 1))
                continue
            entries.append(_entry(item, path))
            if _is_text(path, int(item.filemode)) and isinstance(item, pygit2.Blob) and item.size <= TEXT_BYTES_MAX:
                texts[path] = item.data.decode("utf-8", "replace")
    entries.sort(key=lambda entry: path_order(entry.path))
    return Listing(str(tree.id), tuple(entries), texts)


def _entry(item: pygit2.Object, path: str) -> Entry:
    # Old trees hold modes like 100664: git treats them as plain files, too.
    mode = int(item.filemode)
    mode = mode if mode in {LINK, SUBMODULE} else FILE | (mode & 0o111)
    if not path.startswith(FOLDER) or not isinstance(item, pygit2.Blob):
        return Entry(path, mode, str(item.id))
    if mode == LINK:
        return Entry(path, mode, str(item.id), target=_decode(item.data[:TARGET_BYTES_MAX]))
    is_asked = mode == FILE and 2 <= path.count("/") <= 3
    return Entry(path, mode, str(item.id), head=item.data[:2] if is_asked else b"")


def _is_text(path: str, mode: int) -> bool:
    name = path.rpartition("/")[2]
    if mode == LINK:
        return False
    return name in _TEXT_NAMES or (path.startswith(f"{FOLDER}/") and name.startswith(_BUILD_FILES))


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
