"""Why a program could not be executed, in words: exit codes 126 and 127. Pure."""

import shlex

from tisktask_runner.image import words

_NOT_EXECUTABLE, _NOT_FOUND = 126, 127


def explain(path: str, head: bytes, image: str, exit_code: int, *, has_started: bool = False) -> str | None:
    """Say what to do; `None` if the exit code is the program's own business.

    `head` is the beginning of the program, at least its first line. A program that has started may end with these
    codes itself: then only a missing command is likely.
    """
    if exit_code not in {_NOT_EXECUTABLE, _NOT_FOUND}:
        return None
    line = head.split(b"\n", 1)[0].decode("utf-8", "backslashreplace")
    if not line.startswith("#!"):
        return None if has_started else _explain_binary(path, head, image)
    if line.endswith("\r"):
        return words.windows_line_end(path)
    interpreter, argument = _interpreter(line)
    if interpreter.rpartition("/")[2] == "env" and argument and exit_code == _NOT_FOUND:
        return words.env_program_missing(path, argument, image)
    if has_started:
        return words.command_missing(path) if exit_code == _NOT_FOUND else None
    return words.interpreter_missing(path, interpreter, image)


def explain_shell(image: str, exit_code: int, *, has_started: bool) -> str | None:
    """Say why a command line could not be executed; `None` if the exit code is its own business."""
    if not has_started and exit_code in {_NOT_EXECUTABLE, _NOT_FOUND}:
        return words.shell_missing(image)
    return words.shell_command_missing(image) if exit_code == _NOT_FOUND else None


def _explain_binary(path: str, head: bytes, image: str) -> str:
    return words.wrong_machine(path, image) if head.startswith(b"\x7fELF") else words.no_interpreter_line(path)


def _interpreter(line: str) -> tuple[str, str]:
    """Split `#!/usr/bin/env -S python3 -u` into the interpreter and, for env, the program that it looks for."""
    interpreter, _, rest = line[2:].strip().partition(" ")
    try:
        arguments = [word for word in shlex.split(rest) if not word.startswith("-") and "=" not in word]
    except ValueError:
        arguments = rest.split()
    return interpreter, arguments[0] if arguments else ""
