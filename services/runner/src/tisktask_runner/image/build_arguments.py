"""The arguments that a build file sets, and names of images that are made of them. Pure.

No build is given others than these, so the defaults are what counts.
"""

import re
import shlex
from collections.abc import Mapping

#: Longer than any image's name.
_VALUE_CHARS_MAX = 1000
_QUOTES = str.maketrans("", "", "\"'\\")
#: $NAME, ${NAME}, ${NAME:-instead}, ${NAME:+instead}.
_REFERENCE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::([-+])([^${}]*))?\})")


def read_arguments(rest: str, known: Mapping[str, str]) -> dict[str, str]:
    """Read what stands behind one ARG. An argument without a value is not known: Podman may know it."""
    try:
        words = shlex.split(rest)
    except ValueError:
        return {}
    pairs = [word.partition("=") for word in words if "=" in word]
    return {name: _bounded(name, substitute(value, known)) for name, _, value in pairs}


def substitute(text: str, arguments: Mapping[str, str]) -> str:
    """Put in what is known; a reference to what is not stays as it is written."""
    return _REFERENCE.sub(lambda found: _value(found, arguments), text)


def without_unknown(text: str) -> str:
    """Put in what Podman would for arguments that nobody has set; what stands for them, where something does."""
    if len(text) > _VALUE_CHARS_MAX:
        return text
    before = ""
    while before != text:
        before, text = text, _REFERENCE.sub(lambda found: found[4] or "", text)
    return text


def without_quotes(text: str) -> str:
    """Leave out what Podman drops from words."""
    return text.translate(_QUOTES)


def _bounded(name: str, value: str) -> str:
    """Arguments that are made of others could double with each line; such a one counts as not known."""
    return value if len(value) <= _VALUE_CHARS_MAX else f"${name}"


def _value(found: re.Match[str], arguments: Mapping[str, str]) -> str:
    name, choice, instead = found[1] or found[2], found[3], found[4]
    if name not in arguments:
        return found[0]
    value = arguments[name]
    if choice == "-":
        return value or instead
    if choice == "+":
        return instead if value else ""
    return value
