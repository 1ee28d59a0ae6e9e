"""Every sentence that a program reads as the answer to a command about jobs, data, locks and the run's page."""

from collections.abc import Sequence

_SHOWN_MAX = 10


def not_answered(cause: str) -> str:
    return f"Tisktask could not do this for a minute: {cause}. Ask again later."


def request_too_large(size: int, size_max: int) -> str:
    return f"the command has {size} bytes as a message; the most is {size_max}. Send less at once."


def option_twice(name: str) -> str:
    return f"{name} was given twice"


def option_without_value(name: str) -> str:
    return f"{name} needs a value behind it"


def unknown_option(word: str, options: Sequence[str]) -> str:
    return f"{_quoted(word)} was not expected here; there may be {_list(options)}"


def not_seconds(name: str, value: str, seconds_max: int) -> str:
    return f"{name} is a number of seconds from 0 to {seconds_max}, not {_quoted(value)}"


def not_whole_number(name: str, value: str, least: int, most: int) -> str:
    return f"{name} is a whole number from {least} to {most}, not {_quoted(value)}"


def wrong_end(end: str, lost: str) -> str:
    return f"ON is {lost} and exit codes from 1 to 255 with commas between, like {lost},75; not {_quoted(end)}"


def not_text(name: str) -> str:
    return f"{name} is a text in UTF-8 without NUL bytes"


def not_one_of(name: str, value: str, allowed: Sequence[str]) -> str:
    return f"{name} is {' or '.join(allowed)}, not {_quoted(value)}"


def empty(name: str) -> str:
    return f"{name} must not be empty"


def too_long(name: str, length_max: int) -> str:
    return f"{name} must not be longer than {length_max} characters"


def not_printable(name: str) -> str:
    return f"{name} must not contain control characters"


def program_missing(command: str) -> str:
    return (
        f"no program: behind the options comes the path of one, as in {command} NAME lint push/lint; "
        f"or a command line, as in {command} SHELL make lint"
    )


def not_a_variable(value: str) -> str:
    return f"ENV is NAME=value, not {_quoted(value.partition('=')[0])}"


def reserved_variable(name: str) -> str:
    return f"ENV can not set {name}: names that begin with TISKTASK_ are set by Tisktask"


def image_not_named(image: str) -> str:
    return f"{image[:100]!r} is not the name of an image, such as docker.io/library/debian:12"


def image_private(image: str) -> str:
    return f"{image[:100]} is an image that was built for jobs here: name its build file (BUILDFILE) instead"


def two_images() -> str:
    return "IMAGE and BUILDFILE exclude each other: give the image's name, or the file that it is built from"


def path_absolute(path: str) -> str:
    return f"{_quoted(path)} is an absolute path: give one in the repository, like push/lint"


def path_leads_out(path: str) -> str:
    return f"{_quoted(path)} leads out of the repository"


def no_program(path: str, sha: str, names: Sequence[str]) -> str:
    said = f"no program {_shown(path)} at {sha[:7]}"
    return f"{said}; there: {_list(names, _SHOWN_MAX)}" if names else said


def no_program_but_elsewhere(path: str, sha: str, paths: Sequence[str]) -> str:
    said = f"no program {_shown(path)} at {sha[:7]}"
    return f"{said}, nor any in its folder; did you mean {_list(paths, _SHOWN_MAX)}?" if paths else said


def program_is_folder(path: str, names: Sequence[str]) -> str:
    said = f"{_shown(path)} is a folder, not a program"
    return f"{said}; there: {_list(names, _SHOWN_MAX)}" if names else said


def program_not_executable(path: str) -> str:
    return f"{_shown(path)} is not executable. Fix: git update-index --chmod=+x {_shell_quoted(path)}"


def program_is_submodule(path: str) -> str:
    return f"{_shown(path)} is a submodule; Tisktask does not fetch those"


def link_leads_nowhere(path: str) -> str:
    return f"{_shown(path)} is a link that leads nowhere, or out of the repository"


def no_build_file(path: str, sha: str) -> str:
    return f"no build file {_shown(path)} at {sha[:7]}"


def commit_unreadable(cause: str) -> str:
    return f"the commit's files can not be read: {cause}"


def child_without_exit_code(name: str, state: str, reason: str) -> str:
    said = f"job {_shown(name)} ended as {state.replace('_', ' ')}"
    return f"{said}: {reason}" if reason else said


def lock_held(name: str, holder: str) -> str:
    return f"{_shown(name)} is held by {holder}" if holder else f"{_shown(name)} is held by another job"


def lock_not_ours(name: str) -> str:
    return f"this job does not have the lock {_shown(name)}"


def too_many_channels(channels_max: int) -> str:
    return f"one connection may subscribe to {channels_max} channels at most"


def one_text(command: str) -> str:
    return f"{command} takes one text behind its options; put it in quotes if it has spaces"


def line_without_file() -> str:
    return "LINE needs FILE: a line of which file?"


def too_many_ids(ids_max: int) -> str:
    return f"at most {ids_max} jobs can be asked for at once"


def _list(items: Sequence[str], shown_max: int = 1000) -> str:
    shown = [_shown(item) for item in items[:shown_max]]
    more = len(items) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _quoted(word: str) -> str:
    return f"'{_shown(word)}'"


def _shown(word: str) -> str:
    """Write what a program has said so that it fits in one line of an error, whatever it is."""
    text = word if word.isprintable() else word.encode("unicode_escape", "surrogateescape").decode("ascii", "replace")
    return text if len(text) <= 200 else f"{text[:200]}..."


def _shell_quoted(path: str) -> str:
    is_plain = all(character.isalnum() or character in "/._-+" for character in path)
    return path if is_plain else "'" + path.replace("'", "'\\''") + "'"
