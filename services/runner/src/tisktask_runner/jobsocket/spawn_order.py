"""What SPAWNJOB and EXECJOB are told: options, then a program with its arguments, or a command line. Pure."""

import math
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from tisktask_common.rpc import Policy
from tisktask_runner.image.reference import is_private, names_an_image
from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.arguments import (
    Given,
    Takes,
    refuse,
    seconds_of,
    take_options,
    text,
    value_of,
    whole_number,
)
from tisktask_runner.source.header import LOST, RETRIES_MAX, Ends, read_ends

#: A name of its own is shown in lists and statuses.
NAME_LENGTH_MAX = 100
#: Linux takes no longer variable or argument (MAX_ARG_STRLEN).
VALUE_BYTES_MAX = 128 * 1024 - 1
_KEY_LENGTH_MAX = 512
_RESERVED = "TISKTASK_"

OPTIONS = {
    "NAME": Takes.VALUE,
    "ENV": Takes.VALUES,
    "IMAGE": Takes.VALUE,
    "BUILDFILE": Takes.VALUE,
    "LABEL": Takes.VALUES,
    "TIMEOUT": Takes.VALUE,
    "RETRIES": Takes.VALUE,
    "ON": Takes.VALUE,
    "KEY": Takes.VALUE,
    "STATUS": Takes.VALUE,
    "ALLOWFAIL": Takes.NOTHING,
    "DETACH": Takes.NOTHING,
    # A command line may begin with `env` or `timeout`, so no option is looked for in it.
    "SHELL": Takes.REST,
}


@dataclass(frozen=True)
class SpawnOrder:
    """A job as its parent wants it."""

    name: str
    #: As the parent calls it; empty: the command line is what it runs.
    program: str
    arguments: list[str]
    shell: str | None
    environment: dict[str, str]
    image: str | None
    build_file: str | None
    labels: list[str]
    seconds_max: int | None
    #: More attempts, and after which ends; None: as its program says of itself.
    retries: int | None
    ends: Ends | None
    key: str | None
    has_status: bool
    may_fail: bool
    is_detached: bool

    def policy_over(self, own: Policy) -> Policy:
        """Say how it is to be run: setting by setting, what its parent says counts more than what its program does."""
        retries = own.retries if self.retries is None else self.retries
        ends = self.ends or Ends(own.on_lost, own.on_codes)
        if self.ends and self.retries is None:
            # As in a header comment: who names ends wants an attempt after them.
            retries = retries or 1
        return Policy(
            retries=retries,
            on_lost=ends.on_lost,
            on_codes=ends.on_codes,
            seconds_max=self.seconds_max or own.seconds_max,
            labels=self.labels or own.labels,
        )


def read_spawn_order(command: str, arguments: Sequence[bytes]) -> SpawnOrder:
    """Read the arguments of a command that starts a job; raises CommandError."""
    given, rest = take_options(OPTIONS, arguments)
    told = [_word(word) for word in rest]
    if not told or not told[0].strip():
        refuse(words.program_missing(command))
    is_shell = "SHELL" in given
    image, build_file = _image(given), _plain(given, "BUILDFILE", 4096)
    if image and build_file:
        refuse(words.two_images())
    return SpawnOrder(
        name=_plain(given, "NAME", NAME_LENGTH_MAX) or _default_name(told[0], is_shell=is_shell),
        program="" if is_shell else told[0],
        arguments=[] if is_shell else told[1:],
        shell=_command_line(told) if is_shell else None,
        environment=_environment(given),
        image=image,
        build_file=build_file,
        labels=list(dict.fromkeys(_checked(label, "LABEL", NAME_LENGTH_MAX) for label in given.get("LABEL", []))),
        seconds_max=_seconds_max(given),
        retries=_retries(given),
        ends=_ends(given),
        key=_plain(given, "KEY", _KEY_LENGTH_MAX),
        has_status=_is_on(given, "STATUS"),
        may_fail="ALLOWFAIL" in given,
        is_detached="DETACH" in given,
    )


def _word(argument: bytes) -> str:
    if len(argument) > VALUE_BYTES_MAX:
        refuse(words.too_long("an argument", VALUE_BYTES_MAX))
    return text(argument, "an argument")


def _command_line(told: list[str]) -> str:
    line = " ".join(told)
    if len(line.encode()) > VALUE_BYTES_MAX:
        refuse(words.too_long("the command line", VALUE_BYTES_MAX))
    return line


def _default_name(first: str, *, is_shell: bool) -> str:
    """Name a job as its program's file, or as the first word of its command line."""
    word = first.split(maxsplit=1)[0] if is_shell else posixpath.normpath(first)
    name = word.rpartition("/")[2][:NAME_LENGTH_MAX]
    return name if name and name.isprintable() else "shell"


def _image(given: Given) -> str | None:
    image = value_of(given, "IMAGE")
    if image is not None and not names_an_image(image):
        refuse(words.image_not_named(image))
    if image is not None and is_private(image):
        refuse(words.image_private(image))
    return image


def _plain(given: Given, option: str, length_max: int) -> str | None:
    value = value_of(given, option)
    return None if value is None else _checked(value, option, length_max)


def _checked(value: str, option: str, length_max: int) -> str:
    if not value.strip():
        refuse(words.empty(option))
    if len(value) > length_max:
        refuse(words.too_long(option, length_max))
    if not value.isprintable():
        refuse(words.not_printable(option))
    return value


def _environment(given: Given) -> dict[str, str]:
    environment: dict[str, str] = {}
    for assignment in given.get("ENV", []):
        name, is_assigned, value = assignment.partition("=")
        if not is_assigned or not name:
            refuse(words.not_a_variable(assignment))
        if name.startswith(_RESERVED):
            refuse(words.reserved_variable(name))
        if len(assignment.encode()) > VALUE_BYTES_MAX:
            refuse(words.too_long("ENV", VALUE_BYTES_MAX))
        environment[name] = value
    return environment


def _seconds_max(given: Given) -> int | None:
    seconds = seconds_of(given, "TIMEOUT")
    # Zero is "no limit of its own", as for commands that wait.
    return math.ceil(seconds) if seconds else None


def _retries(given: Given) -> int | None:
    value = value_of(given, "RETRIES")
    return None if value is None else whole_number(value, "RETRIES", 0, RETRIES_MAX)


def _ends(given: Given) -> Ends | None:
    value = value_of(given, "ON")
    if value is None:
        return None
    ends = read_ends(value)
    if isinstance(ends, str):
        refuse(words.wrong_end(ends, LOST))
    return ends


def _is_on(given: Given, option: str) -> bool:
    value = (value_of(given, option) or "off").lower()
    if value not in {"on", "off"}:
        refuse(words.not_one_of(option, value, ("on", "off")))
    return value == "on"
