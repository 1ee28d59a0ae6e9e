"""What a program says about how it wants to be run, in a comment near its top. Pure.

    # tisktask: retries=2 on=lost,75 timeout=10m labels=gpu

Read strictly: a mistake in it must not become a job that runs otherwise than its author thinks.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches

from tisktask_common.labels import LABELS_MAX, is_label
from tisktask_common.rpc import Policy
from tisktask_runner.source import header_words as words
from tisktask_runner.source import path_words
from tisktask_runner.source.path_filter import PATTERNS_MAX, wrong_pattern

#: Where the comment must stand. A program without one is a program, however long its first line is.
LINES_MAX, BYTES_MAX = 30, 8192
RETRIES_MAX = 10
SECONDS_MAX = 7 * 86_400
LOST = "lost"

#: The marks that begin a comment in the languages that have a `#!` line, and in some that are compiled.
_MARK = re.compile(r"^\s*(?:#|//|--|;+|%+|\"|/\*)\s*tisktask:(.*)$")
_DURATION = re.compile(r"([0-9]{1,9})(s|m|h|d)?")
_UNIT_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_NUMBER = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True)
class HeaderError:
    """What is wrong with it, and in which line."""

    line: int
    message: str


@dataclass(frozen=True)
class Ends:
    """After which ends there is another attempt."""

    on_lost: bool
    on_codes: list[int]


@dataclass
class _Reading:
    """What was read so far."""

    policy: Policy = field(default_factory=Policy)
    keys: set[str] = field(default_factory=set[str])
    errors: list[HeaderError] = field(default_factory=list[HeaderError])


class _WrongError(Exception):
    """The words of a mistake."""


def read_header(head: bytes) -> Policy | list[HeaderError]:
    """Read the beginning of a program. Several such comments add up; no setting may stand twice."""
    reading = _Reading()
    for number, line in enumerate(_lines(head), start=1):
        if found := _MARK.match(line):
            _read_line(reading, number, found[1].rstrip().removesuffix("*/"))
    if reading.errors:
        return reading.errors
    if "on" in reading.keys and "retries" not in reading.keys:
        return reading.policy.model_copy(update={"retries": 1})
    return reading.policy


def read_ends(value: str) -> Ends | str:
    """Read lost and exit codes with commas between; a text: the part that is neither."""
    ends = value.split(",")
    for end in ends:
        if end != LOST and not (_NUMBER.fullmatch(end) and 1 <= int(end) <= 255):
            return end
    return Ends(LOST in ends, sorted({int(end) for end in ends if end != LOST}))


def _lines(head: bytes) -> list[str]:
    # Not splitlines: editors do not count a form feed as a line's end.
    return head[:BYTES_MAX].decode("utf-8", "replace").split("\n")[:LINES_MAX]


def _read_line(reading: _Reading, number: int, text: str) -> None:
    settings = text.split()
    if not settings:
        reading.errors.append(HeaderError(number, words.nothing_follows()))
    for setting in settings:
        try:
            _read_setting(reading, setting)
        except _WrongError as error:
            reading.errors.append(HeaderError(number, str(error)))


def _read_setting(reading: _Reading, setting: str) -> None:
    key, _, value = setting.partition("=")
    if key not in _READERS:
        raise _WrongError(words.unknown_setting(key, get_close_matches(key[:40], _READERS, n=1), list(_READERS)))
    if not value:
        raise _WrongError(words.no_value(key))
    if key in reading.keys:
        raise _WrongError(words.twice(key))
    reading.keys.add(key)
    reading.policy = reading.policy.model_copy(update=_READERS[key](value))


def _retries(value: str) -> dict[str, object]:
    if not _NUMBER.fullmatch(value) or int(value) > RETRIES_MAX:
        raise _WrongError(words.wrong_retries(value, RETRIES_MAX))
    return {"retries": int(value)}


def _on(value: str) -> dict[str, object]:
    ends = read_ends(value)
    if isinstance(ends, str):
        raise _WrongError(words.wrong_end(ends, LOST))
    return {"on_lost": ends.on_lost, "on_codes": ends.on_codes}


def _timeout(value: str) -> dict[str, object]:
    found = _DURATION.fullmatch(value)
    seconds = int(found[1]) * _UNIT_SECONDS[found[2]] if found else 0
    if not 1 <= seconds <= SECONDS_MAX:
        raise _WrongError(words.wrong_timeout(value, SECONDS_MAX // 86_400))
    return {"seconds_max": seconds}


def _labels(value: str) -> dict[str, object]:
    labels = value.split(",")
    for label in labels:
        if not is_label(label):
            raise _WrongError(words.wrong_label(label))
    if len(labels) > LABELS_MAX:
        raise _WrongError(words.too_many_labels(len(labels), LABELS_MAX))
    return {"labels": sorted(set(labels))}


def _paths(value: str) -> dict[str, object]:
    patterns = value.split(",")
    for pattern in patterns:
        if wrong := wrong_pattern(pattern):
            raise _WrongError(wrong)
    if len(patterns) > PATTERNS_MAX:
        raise _WrongError(path_words.too_many_patterns(len(patterns), PATTERNS_MAX))
    return {"paths": list(dict.fromkeys(patterns))}


_READERS: dict[str, Callable[[str], dict[str, object]]] = {
    "retries": _retries,
    "on": _on,
    "timeout": _timeout,
    "labels": _labels,
    "paths": _paths,
}
