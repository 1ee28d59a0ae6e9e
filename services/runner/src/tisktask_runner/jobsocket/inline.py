"""Splits a line that a person typed into arguments, as Redis does it. Pure."""

import re

#: A word outside of quotes, then what may stand inside "..." and '...'.
_PLAIN = re.compile(rb"[^\s\"'\0]+")
_IN_DOUBLE = re.compile(rb'\\x[0-9a-fA-F]{2}|\\.|[^"\\]+', re.DOTALL)
_IN_SINGLE = re.compile(rb"\\'|\\|[^'\\]+")
_SPACE = re.compile(rb"[\s\0]*")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


class UnbalancedQuotesError(ValueError):
    """A quote is not closed, or something follows it without a space."""


def split_inline(line: bytes) -> list[bytes]:
    r"""Split at spaces; "..." knows escapes (`\n`, `\x41`, `\"`), '...' only `\'`."""
    arguments: list[bytes] = []
    position = _skip_space(line, 0)
    while position < len(line):
        argument, position = _read_argument(line, position)
        arguments.append(argument)
        position = _skip_space(line, position)
    return arguments


def _read_argument(line: bytes, position: int) -> tuple[bytes, int]:
    """Read up to a space. Quotes may begin in the middle of it, and end it."""
    parts: list[bytes] = []
    while position < len(line):
        if plain := _PLAIN.match(line, position):
            parts.append(plain[0])
            position = plain.end()
        elif line[position] in b"\"'":
            quoted, position = _read_quoted(line, position)
            parts.append(quoted)
            if position < len(line) and _skip_space(line, position) == position:
                raise UnbalancedQuotesError
            break
        else:
            break
    return b"".join(parts), position


def _read_quoted(line: bytes, start: int) -> tuple[bytes, int]:
    quote = line[start : start + 1]
    inside = _IN_DOUBLE if quote == b'"' else _IN_SINGLE
    parts: list[bytes] = []
    position = start + 1
    while piece := inside.match(line, position):
        parts.append(_unescape(piece[0], quote))
        position = piece.end()
    if line[position : position + 1] != quote:
        raise UnbalancedQuotesError
    return b"".join(parts), position + 1


def _unescape(piece: bytes, quote: bytes) -> bytes:
    if quote == b"'":
        return b"'" if piece == b"\\'" else piece
    if not piece.startswith(b"\\"):
        return piece
    if len(piece) == 4:
        return bytes.fromhex(piece[2:].decode())
    return _ESCAPES.get(piece[1:], piece[1:])


def _skip_space(line: bytes, position: int) -> int:
    match = _SPACE.match(line, position)
    return match.end() if match else position
