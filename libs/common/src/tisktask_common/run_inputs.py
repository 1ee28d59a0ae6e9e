"""Inputs of runs that people and schedules start: what they may look like, and the variables that they become. Pure.

They are no secrets: they are stored in clear, shown on pages and told in events.
"""

import re
from collections.abc import Mapping

from tisktask_common.errors import UserError

COUNT_MAX = 50
NAME_CHARS_MAX = 64
VALUE_BYTES_MAX = 4096
#: Of all names and values of a run together.
TOTAL_BYTES_MAX = 32 * 1024
PREFIX = "TISKTASK_INPUT_"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def variable_of(name: str) -> str:
    """Name the environment variable of an input.

    >>> variable_of("dry-run")
    'TISKTASK_INPUT_DRY_RUN'
    """
    return PREFIX + name.upper().replace("-", "_")


def check_inputs(inputs: Mapping[str, str]) -> None:
    """Refuse what can not become variables, with the name of the one that is wrong."""
    if len(inputs) > COUNT_MAX:
        raise UserError(f"inputs: {len(inputs)} were given; a run may have {COUNT_MAX}")
    names: dict[str, str] = {}
    total = 0
    for name, value in inputs.items():
        _check_name(name)
        total += len(name) + _bytes_of(name, value)
        if (other := names.setdefault(variable_of(name), name)) != name:
            raise UserError(f"inputs: {other} and {name} would be the same variable, {variable_of(name)}")
    if total > TOTAL_BYTES_MAX:
        raise UserError(f"inputs: they have {total} bytes together; {TOTAL_BYTES_MAX} is the limit")


def _check_name(name: str) -> None:
    if len(name) > NAME_CHARS_MAX:
        raise UserError(f"inputs: the name {name[:20]}... is longer than {NAME_CHARS_MAX} characters")
    if not _NAME.fullmatch(name):
        raise UserError(
            f"inputs: {name!r} is no name: letters, digits, _ and - are expected, and no digit or - at its beginning"
        )


def _bytes_of(name: str, value: str) -> int:
    if "\0" in value:
        raise UserError(f"inputs: the value of {name} has a NUL in it, which no variable can hold")
    try:
        count = len(value.encode())
    except UnicodeEncodeError as error:
        raise UserError(f"inputs: the value of {name} is no text: it has half of a character in it") from error
    if count > VALUE_BYTES_MAX:
        raise UserError(f"inputs: the value of {name} has {count} bytes; {VALUE_BYTES_MAX} is the limit")
    return count
