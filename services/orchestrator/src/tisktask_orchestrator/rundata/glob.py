r"""Patterns of keys as Redis has them: `*`, `?`, `[a-c]`, `[^a]`, and `\\` before a character that is meant. Pure."""

import re


def compile_glob(pattern: bytes) -> "re.Pattern[bytes]":
    """Make an expression for `fullmatch` whose time does not explode, whatever the pattern."""
    parts: list[bytes] = []
    position = 0
    while position < len(pattern):
        part, position = _next_part(pattern, position)
        if part != _ANY or not parts or parts[-1] != _ANY:
            parts.append(part)
    return re.compile(_join(parts), re.DOTALL)


_ANY = b"*"


def _join(parts: list[bytes]) -> bytes:
    """Each `*` takes the least that lets what follows it match, and never tries again: so it stays linear."""
    expression = b""
    rest = parts
    while _ANY in rest:
        start = rest.index(_ANY)
        expression += b"".join(rest[:start])
        rest = rest[start + 1 :]
        if _ANY in rest:
            end = rest.index(_ANY)
            expression += b"(?>.*?" + b"".join(rest[:end]) + b")"
            rest = rest[end:]
        else:
            return expression + b".*" + b"".join(rest)
    return expression + b"".join(rest)


def _next_part(pattern: bytes, position: int) -> tuple[bytes, int]:
    """Read one element of a pattern; returns its expression, and where the next one begins."""
    sign = pattern[position : position + 1]
    if sign == b"*":
        return _ANY, position + 1
    if sign == b"?":
        return b".", position + 1
    if sign == b"[":
        return _read_class(pattern, position + 1)
    if sign == b"\\" and position + 1 < len(pattern):
        position += 1
    return re.escape(pattern[position : position + 1]), position + 1


def _read_class(pattern: bytes, position: int) -> tuple[bytes, int]:
    is_negated = pattern[position : position + 1] == b"^"
    position += is_negated
    members: set[int] = set()
    while position < len(pattern) and pattern[position : position + 1] != b"]":
        if pattern[position : position + 1] == b"\\" and position + 1 < len(pattern):
            members.add(pattern[position + 1])
            position += 2
        elif pattern[position + 1 : position + 2] == b"-" and position + 2 < len(pattern):
            low, high = sorted((pattern[position], pattern[position + 2]))
            members.update(range(low, high + 1))
            position += 3
        else:
            members.add(pattern[position])
            position += 1
    allowed = set(range(256)) - members if is_negated else members
    # A class without an end lasts to the pattern's end; one without members matches nothing.
    inside = b"".join(b"\\x%02x" % member for member in sorted(allowed))
    return (b"[" + inside + b"]" if inside else b"(?!)"), position + 1
