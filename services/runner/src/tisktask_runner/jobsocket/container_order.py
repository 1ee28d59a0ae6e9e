"""Reads what stands behind SPAWNCONTAINER: options before, between and behind image and variables. Pure."""

import re
from collections.abc import Sequence

from tisktask_runner.image.reference import is_private, names_an_image
from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.arguments import (
    Given,
    Takes,
    refuse,
    seconds,
    take_options,
    text,
    value_of,
    whole_number,
)
from tisktask_runner.sidecar import order as limits
from tisktask_runner.sidecar import words as sidecar_words
from tisktask_runner.sidecar.order import Readiness, SidecarOrder

_OPTIONS = {
    "NAME": Takes.VALUE,
    "ALIAS": Takes.VALUES,
    "CMD": Takes.REST,
    "WAITPORT": Takes.VALUE,
    "WAITLOG": Takes.VALUE,
    "TIMEOUT": Takes.VALUE,
    "MEMORY": Takes.VALUE,
    "USER": Takes.VALUE,
}
_MEMORY = re.compile(r"([0-9]{1,12})([bkmg]?)(i?b)?", re.IGNORECASE)
_STEPS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_PORT_MAX = 65_535
_PETABYTE = 1024**5


def read_container_order(arguments: Sequence[bytes], request_id: str) -> SidecarOrder:
    """Raises CommandError."""
    given, words_there, command = _split(arguments)
    if not words_there:
        refuse(sidecar_words.no_image())
    image = words_there[0]
    if not names_an_image(image):
        refuse(sidecar_words.image_not_named(image[:200]))
    if is_private(image):
        refuse(sidecar_words.image_private(image))
    return SidecarOrder(
        image=image,
        name=_matching(given, "NAME", limits.NAME),
        request_id=request_id,
        aliases=_aliases(given),
        arguments=command,
        environment=_environment(words_there[1:]),
        user=_matching(given, "USER", limits.USER),
        memory_bytes=_memory(given),
        readiness=_readiness(given),
    )


def _split(arguments: Sequence[bytes]) -> tuple[Given, list[str], tuple[str, ...]]:
    """Part options from words; what follows CMD is taken as it is."""
    given: Given = {}
    found: list[str] = []
    rest = list(arguments)
    while rest:
        taken, rest = take_options(_OPTIONS, rest)
        for name, values in taken.items():
            if name in given and _OPTIONS[name] is not Takes.VALUES:
                refuse(words.option_twice(name))
            given.setdefault(name, []).extend(values)
        if "CMD" in taken:
            return given, found, _command(rest)
        if rest:
            found.append(text(rest.pop(0), "an image or a variable"))
    return given, found, ()


def _command(rest: Sequence[bytes]) -> tuple[str, ...]:
    command = tuple(text(word, "CMD") for word in rest)
    if not command:
        refuse(words.option_without_value("CMD"))
    if len(command) > limits.ARGUMENTS_MAX or sum(len(word) for word in rest) > limits.ARGUMENTS_BYTES_MAX:
        refuse(sidecar_words.command_too_long(limits.ARGUMENTS_MAX, limits.ARGUMENTS_BYTES_MAX))
    return command


def _environment(assignments: Sequence[str]) -> dict[str, str]:
    environment: dict[str, str] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not limits.VARIABLE.fullmatch(name):
            # Only the name is repeated: what stands behind it may be a secret.
            refuse(sidecar_words.no_assignment(name[:100] if equals else ""))
        environment[name] = value
    size = sum(len(assignment.encode()) for assignment in assignments)
    if len(environment) > limits.VARIABLES_MAX or size > limits.VARIABLES_BYTES_MAX:
        refuse(sidecar_words.too_many_variables(limits.VARIABLES_MAX, limits.VARIABLES_BYTES_MAX))
    return environment


def _aliases(given: Given) -> tuple[str, ...]:
    aliases = given.get("ALIAS", [])
    for alias in aliases:
        if not limits.ALIAS.fullmatch(alias):
            refuse(sidecar_words.not_a_host(alias[:100]))
    if len(aliases) > limits.ALIASES_MAX:
        refuse(sidecar_words.too_many_aliases(limits.ALIASES_MAX))
    return tuple(aliases)


def _matching(given: Given, name: str, pattern: re.Pattern[str]) -> str:
    value = value_of(given, name)
    if value is not None and not pattern.fullmatch(value):
        refuse(sidecar_words.not_like(name, value[:100], pattern.pattern))
    return value or ""


def _memory(given: Given) -> int:
    value = value_of(given, "MEMORY")
    if value is None:
        return 0
    found = _MEMORY.fullmatch(value)
    size = int(found[1]) * _STEPS[found[2].lower()] if found else 0
    if not limits.MEMORY_BYTES_MIN <= size <= _PETABYTE:
        refuse(sidecar_words.not_memory(value[:100], limits.MEMORY_BYTES_MIN))
    return size


def _readiness(given: Given) -> Readiness:
    port, pattern, timeout = (value_of(given, name) for name in ("WAITPORT", "WAITLOG", "TIMEOUT"))
    if pattern is not None and not 0 < len(pattern) <= limits.PATTERN_CHARACTERS_MAX:
        refuse(sidecar_words.pattern_too_long(limits.PATTERN_CHARACTERS_MAX))
    return Readiness(
        port=None if port is None else whole_number(port, "WAITPORT", 1, _PORT_MAX),
        pattern=pattern,
        seconds=limits.WAIT_SECONDS if timeout is None else min(seconds(timeout, "TIMEOUT"), limits.WAIT_SECONDS_MAX),
    )
