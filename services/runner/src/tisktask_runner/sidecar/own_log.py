"""Reads a container's log on this host: its last lines, and whether a line of it matches a pattern."""

from pathlib import Path
from typing import Any, Protocol, cast

import re2

from tisktask_runner.log import k8s_file
from tisktask_runner.sidecar import words
from tisktask_runner.sidecar.errors import SidecarError

_re2 = cast("Any", re2)
_TAIL_BYTES_MAX = 2 * 1024 * 1024
#: So much is matched in one go. With a pattern made to be slow that takes about half a second.
_BLOCK_BYTES = 64 * 1024
#: Of the compiled pattern. It bounds how slow a pattern can be: some 10 microseconds per byte at the worst.
_PATTERN_BYTES_MAX = 32 * 1024


def read_tail(path: Path, lines: int) -> str:
    """Read the last lines; what is not UTF-8 is replaced."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL_BYTES_MAX))
            block = file.read(_TAIL_BYTES_MAX)
    except FileNotFoundError:
        return ""
    if size > _TAIL_BYTES_MAX:
        block = block[block.find(b"\n") + 1 :]
    # The last record may still be on its way into the file.
    data = k8s_file.parse(block[: block.rfind(b"\n") + 1]).data
    return b"".join(data.splitlines(keepends=True)[-lines:]).decode("utf-8", "replace")


class Pattern(Protocol):
    """A compiled pattern (the library has no types)."""

    def search(self, text: bytes) -> object: ...


class LogSearch:
    """Looks for a line that matches, from the log's beginning on. It blocks: call it in a thread."""

    def __init__(self, path: Path, pattern: str) -> None:
        self._path = path
        self._pattern = compile_pattern(pattern)
        self._offset = 0
        self._open_line = b""
        self._is_found = False

    def go_on(self) -> bool:
        """Search what is new, some of it at a time; whether a line was found."""
        block = self._read()
        parsed = k8s_file.parse(block)
        self._offset += parsed.consumed
        if parsed.data and not self._is_found:
            *lines, rest = (self._open_line + parsed.data).split(b"\n")
            # A prompt has no line feed, so the line that is still open counts too.
            self._open_line = rest[-_BLOCK_BYTES:]
            self._is_found = any(self._pattern.search(line.rstrip(b"\r")) for line in [*lines, self._open_line])
        return self._is_found

    @property
    def has_more(self) -> bool:
        return self._size() > self._offset

    def _read(self) -> bytes:
        # It is shorter than it was after it had become too long.
        self._offset = min(self._offset, self._size())
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                return file.read(_BLOCK_BYTES)
        except FileNotFoundError:
            return b""

    def _size(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0


def compile_pattern(pattern: str) -> Pattern:
    """Compile what a program asks to be matched: with RE2 the time grows with the text's length, whatever the pattern.

    Raises SidecarError.
    """
    options = _re2.Options()
    options.max_mem = _PATTERN_BYTES_MAX
    options.log_errors = False
    try:
        return _re2.compile(pattern, options)
    except _re2.error as error:
        cause = error.args[0] if error.args else error
        text = cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)
        raise SidecarError(words.pattern_wrong(pattern, text)) from error
