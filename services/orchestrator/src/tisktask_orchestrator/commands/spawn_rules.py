"""What a job may ask for when it starts another. Pure: the run's own state is checked where it is locked."""

import json
import re
from collections.abc import Collection
from itertools import count

from pydantic import SecretStr

from tisktask_common.errors import UserError
from tisktask_common.job_requests import SpawnJob
from tisktask_common.labels import LABEL_FORM, LABELS_MAX, is_label
from tisktask_common.rpc import Program
from tisktask_orchestrator.bounds import NAME_CHARS_MAX, PATH_CHARS_MAX, PROGRAM_NAME_CHARS_MAX
from tisktask_orchestrator.commands import words
from tisktask_orchestrator.settings import OrchestratorSettings

KEY_CHARS_MAX = 200
SECONDS_MAX = 2**31 - 1

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_spawn(request: SpawnJob, settings: OrchestratorSettings) -> None:
    """Refuse what can not be carried out, or kept, or shown."""
    check_name(request.program.name)
    _check_program(request.program, settings.spawn_bytes_max)
    for field, text in {"KEY": request.key, "request_id": request.request_id}.items():
        if text is not None and not _is_kept(text, KEY_CHARS_MAX):
            raise UserError(words.wrong_program(field))
    _check_labels(request.labels)
    most = settings.job_seconds_max
    if request.seconds_max is not None and not 1 <= request.seconds_max <= (most or SECONDS_MAX):
        raise UserError(words.wrong_timeout(most))


def check_name(name: str) -> None:
    if not name.isprintable() or not 1 <= len(name) <= PROGRAM_NAME_CHARS_MAX:
        raise UserError(words.wrong_job_name(PROGRAM_NAME_CHARS_MAX))


def unique_name(name: str, taken: Collection[str]) -> str:
    """Number a name that another job of the run has: lint, lint#2, lint#3.

    >>> unique_name("lint", ["lint", "lint#2"])
    'lint#3'
    """
    if name not in taken:
        return name
    known = set(taken)
    return next(numbered for number in count(2) if (numbered := f"{name}#{number}") not in known)


def read_environment(text: SecretStr, bytes_max: int) -> SecretStr | None:
    """Check variables that come as a JSON object; None: there are none. No error tells a value."""
    if len(text.get_secret_value().encode()) > bytes_max:
        raise UserError(words.environment_too_long(bytes_max))
    try:
        variables = json.loads(text.get_secret_value())
    except ValueError:
        # Without the cause: it has the text in it.
        raise UserError(words.unreadable_environment()) from None
    if not isinstance(variables, dict):
        raise UserError(words.unreadable_environment())
    for name, value in variables.items():
        _check_variable(name, value)
    return SecretStr(json.dumps(variables)) if variables else None


def _check_variable(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise UserError(words.unreadable_environment())
    if not _VARIABLE.fullmatch(name):
        raise UserError(words.wrong_variable(name))
    if name == "CI" or name.startswith("TISKTASK_"):
        raise UserError(words.reserved_variable(name))
    # Halves of characters can come only from escapes in JSON: no environment can hold them.
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise UserError(words.wrong_variable_value(name))


def _check_program(program: Program, bytes_max: int) -> None:
    # First, so that what comes later is bounded. As JSON, for so it travels.
    if len(program.model_dump_json().encode()) > bytes_max:
        raise UserError(words.arguments_too_long(bytes_max))
    if not (program.path if program.shell is None else program.shell):
        raise UserError(words.no_program())
    named = {
        "program": (program.path, PATH_CHARS_MAX),
        "BUILDFILE": (program.build_file, PATH_CHARS_MAX),
        "IMAGE": (program.image, NAME_CHARS_MAX),
        "image_key": (program.image_key, NAME_CHARS_MAX),
        "SHELL": (program.shell, bytes_max),
    }
    for field, (text, chars_max) in named.items():
        if text and not _is_kept(text, chars_max):
            raise UserError(words.wrong_program(field))
    if any("\0" in argument for argument in program.arguments):
        raise UserError(words.wrong_program("arguments"))


def _check_labels(labels: list[str]) -> None:
    if len(labels) > LABELS_MAX:
        raise UserError(words.too_many("LABEL", LABELS_MAX))
    for label in labels:
        if not is_label(label):
            raise UserError(words.wrong_label(label, LABEL_FORM))


def _is_kept(text: str, chars_max: int) -> bool:
    """Tell whether PostgreSQL keeps the text as it is, and it is not too long."""
    return 1 <= len(text) <= chars_max and "\0" not in text
