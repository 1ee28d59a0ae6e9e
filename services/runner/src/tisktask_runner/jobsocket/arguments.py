"""Reads the arguments of commands: options, texts, numbers; says what is wrong with them. Pure."""

import math
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import NoReturn

from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.command import CommandError

#: A year: more is a mistake, and would not fit where it is stored.
SECONDS_MAX = 366 * 86_400


class Takes(Enum):
    """What stands behind an option."""

    #: Nothing.
    NOTHING = auto()
    #: A value; the option may be given once.
    VALUE = auto()
    #: A value; each time another one.
    VALUES = auto()
    #: All the rest: it is the last option.
    REST = auto()


#: The values of the options that were given.
Given = dict[str, list[str]]


def take_options(options: Mapping[str, Takes], arguments: Sequence[bytes]) -> tuple[Given, list[bytes]]:
    """Take the options at the beginning, in any order; what follows them is returned as it is."""
    given: Given = {}
    rest = list(arguments)
    while rest and (name := _option_name(rest[0])) in options:
        rest.pop(0)
        if options[name] is not Takes.VALUES and name in given:
            refuse(words.option_twice(name))
        values = given.setdefault(name, [])
        if options[name] is Takes.REST:
            break
        if options[name] is Takes.NOTHING:
            continue
        if not rest:
            refuse(words.option_without_value(name))
        values.append(text(rest.pop(0), name))
    return given, rest


def only_options(options: Mapping[str, Takes], arguments: Sequence[bytes]) -> Given:
    """Read options where nothing may follow."""
    given, rest = take_options(options, arguments)
    if rest:
        refuse(words.unknown_option(rest[0].decode("utf-8", "replace"), list(options)))
    return given


def value_of(given: Given, name: str) -> str | None:
    return given[name][0] if name in given else None


def seconds_of(given: Given, name: str) -> float | None:
    value = value_of(given, name)
    return None if value is None else seconds(value, name)


def seconds(value: str, name: str) -> float:
    """Read a number of seconds, zero or more."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number <= SECONDS_MAX:
        refuse(words.not_seconds(name, value, SECONDS_MAX))
    return number


def whole_number(value: str, name: str, least: int, most: int) -> int:
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else -1
    if not least <= number <= most:
        refuse(words.not_whole_number(name, value, least, most))
    return number


def text(argument: bytes, name: str) -> str:
    """Read a text that becomes part of a command line, a name or a path."""
    try:
        found = argument.decode()
    except UnicodeDecodeError:
        refuse(words.not_text(name))
    if "\0" in found:
        refuse(words.not_text(name))
    return found


def prose(argument: bytes) -> str:
    """Read a text for people: whatever can not be shown is replaced."""
    return argument.decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def refuse(sentence: str) -> NoReturn:
    """Say that a command is not right as it stands."""
    raise CommandError("ERR", sentence)


def _option_name(argument: bytes) -> str:
    return argument.decode("ascii", "replace").upper()
