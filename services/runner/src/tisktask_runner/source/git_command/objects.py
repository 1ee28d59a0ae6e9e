"""Reads objects of a mirror, as many as wanted by one process of git."""

import os
import selectors
import subprocess
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from tisktask_runner.source.git_command.errors import GitCommandError
from tisktask_runner.source.git_command.process import GitOrder, run_git, start_git, stop_git

#: A tree of so many bytes has more files than any commit may have.
TREE_BYTES_MAX = 64_000_000
_TAGS_MAX = 10
_TAG_BYTES_MAX = 1_000_000
_ERROR_BYTES = 4096
#: Id, kind, size.
_HEADER_PARTS = 3


@dataclass(frozen=True, slots=True)
class Header:
    """Kind and size of an object."""

    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class TreeItem:
    """One line of a tree."""

    name: bytes
    mode: int
    id: str


class Objects:
    """The objects of one mirror. Whatever can not be read raises GitCommandError, also what is not there."""

    def __init__(self, mirror: Path) -> None:
        self._mirror = mirror
        self._headers = _Batch(mirror, "--batch-check")
        self._contents: _Batch | None = None

    def find(self, name: str) -> Header | None:
        """Look for an object; `None`: it is not there."""
        return self._headers.ask(name)

    def size(self, blob: str) -> int:
        return self._header(blob).size

    def data(self, blob: str) -> bytes:
        return self._read(blob, "blob", self.size(blob))

    def tree(self, tree: str) -> list[TreeItem]:
        header = self._header(tree)
        if header.size > TREE_BYTES_MAX:
            raise GitCommandError(f"tree {tree} has {header.size} bytes")
        return list(_items(self._read(tree, "tree", header.size), len(tree) // 2))

    def commit(self, name: str) -> tuple[str, bytes] | None:
        """Give a commit, or the one that a tag names: its id and content. `None`: it is something else."""
        for _ in range(_TAGS_MAX):
            header = self._header(name)
            if header.kind not in {"commit", "tag"} or header.size > _TAG_BYTES_MAX:
                return None
            content = self._read(name, header.kind, header.size)
            if header.kind == "commit":
                return name, content
            name = _first_line(content, b"object ")
        return None

    def tree_of(self, commit: str) -> str:
        """Name the tree of a commit."""
        return tree_in(self._read(commit, "commit", self._header(commit).size))

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """Give the sizes of many."""
        names = list(blobs)
        order = GitOrder(("cat-file", "--batch-check=%(objectname) %(objectsize)"), self._mirror)
        said = run_git(order, lambda _: None, stdin="".join(f"{name}\n" for name in names).encode())
        found = dict(line.rsplit(" ", 1) for line in said.decode().splitlines())
        if missing := next((name for name, size in found.items() if not size.isdecimal()), None):
            raise GitCommandError(f"object not found: {missing}")
        return {name: int(found[name]) for name in names}

    def close(self) -> None:
        for batch in (self._headers, self._contents):
            if batch:
                batch.close()

    def _header(self, name: str) -> Header:
        header = self.find(name)
        if header is None:
            raise GitCommandError(f"object not found: {name}")
        return header

    def _read(self, name: str, kind: str, size: int) -> bytes:
        self._contents = batch = self._contents or _Batch(self._mirror, "--batch")
        if batch.ask(name) != Header(kind, size):
            raise GitCommandError(f"object {name} is no {kind} of {size} bytes")
        return batch.read(name, size)


class _Batch:
    """One process of `git cat-file` that answers question after question."""

    def __init__(self, mirror: Path, what: str) -> None:
        self._git = start_git(GitOrder(("cat-file", what), mirror), subprocess.PIPE)
        self._questions = cast("IO[bytes]", self._git.process.stdin)

    def ask(self, name: str) -> Header | None:
        try:
            self._questions.write(f"{name}\n".encode())
            self._questions.flush()
        except BrokenPipeError:
            raise GitCommandError(self._said() or "git has ended") from None
        parts = self._git.output.readline().decode().split()
        if len(parts) == _HEADER_PARTS:
            return Header(parts[1], int(parts[2]))
        # A pack that can not be read is as if it were not there, but git says so.
        if error := self._said():
            raise GitCommandError(error)
        if parts[1:] != ["missing"]:
            raise GitCommandError(f"git ended at object {name}")
        return None

    def read(self, name: str, size: int) -> bytes:
        """Read the content that follows its header, and the line's end after it."""
        content = self._git.output.read(size + 1)
        if len(content) != size + 1:
            raise GitCommandError(self._said() or f"object {name} ends early")
        return content[:-1]

    def close(self) -> None:
        stop_git(self._git)

    def _said(self) -> str:
        """Give what git has complained of so far."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._git.errors, selectors.EVENT_READ)
            is_there = selector.select(0)
        if not is_there:
            return ""
        return os.read(self._git.errors.fileno(), _ERROR_BYTES).decode("utf-8", "backslashreplace").strip()


@contextmanager
def open_objects(mirror: Path) -> Generator[Objects]:
    """Open a mirror for reading."""
    objects = Objects(mirror)
    try:
        yield objects
    finally:
        objects.close()


def tree_in(commit: bytes) -> str:
    """Read the tree's id from a commit's content."""
    return _first_line(commit, b"tree ")


def _first_line(content: bytes, beginning: bytes) -> str:
    line = content.partition(b"\n")[0]
    if not line.startswith(beginning):
        raise GitCommandError(f"an object does not begin with {beginning.decode()}")
    return line.removeprefix(beginning).decode("ascii", "replace")


def _items(content: bytes, id_bytes: int) -> Generator[TreeItem]:
    place = 0
    while place < len(content):
        space, end = content.find(b" ", place), content.find(b"\0", place)
        name, item = content[space + 1 : end], content[end + 1 : end + 1 + id_bytes]
        # Git makes no such trees, but people can.
        if not place < space < end or len(item) != id_bytes or not name or b"/" in name:
            raise GitCommandError("a tree is corrupt")
        yield TreeItem(name, int(content[place:space], 8), item.hex())
        place = end + 1 + id_bytes
