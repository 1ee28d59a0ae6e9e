"""Tells a program that can not be executed from an engine that failed. Pure: texts in, values out."""

import re

from tisktask_runner.engine.model import NotStarted

NOT_FOUND = 127
NOT_EXECUTABLE = 126

#: Podman's own ends of the message, for runc and crun alike.
_RUNTIME_SAYS = (
    ("OCI runtime attempted to invoke a command that was not found", NOT_FOUND),
    ("OCI permission denied", NOT_EXECUTABLE),
)
#: Podman's words about what the image and the program's place do not offer.
_PODMAN_SAYS = (
    (re.compile(r'workdir "(?P<what>[^"]*)" does not exist'), NOT_FOUND, "the working directory {what} does not exist"),
    (re.compile(r'workdir "(?P<what>[^"]*)" exists .* not a directory'), NOT_EXECUTABLE, "{what} is no directory"),
    (re.compile(r"unable to find (?P<what>(user|group) \S+):"), NOT_EXECUTABLE, "the image has no {what}"),
)
_PROGRAM = re.compile(r'exec: "(?P<runc>[^"]+)"|executable file `(?P<crun>[^`]+)`')

#: A wrong first line (`#!`) shows only at the last step, when the runtime can tell nobody but the program's own log.
_IN_LOG = (
    # runc
    re.compile(r"^exec (?P<program>/\S.*?): (?P<cause>no such file or directory|exec format error|permission denied)$"),
    # crun
    re.compile(
        r'^\{"msg":"exec container process (?:\(missing dynamic library\?\) )?`(?P<program>[^`]+)`: '
        r'(?P<cause>No such file or directory|Exec format error|Permission denied)","level":"error".*\}$'
    ),
)


def not_started(cause: str) -> NotStarted | None:
    """Read libpod's answer to a start; None: it was not the program's fault."""
    for words, exit_code in _RUNTIME_SAYS:
        if words in cause:
            found = _PROGRAM.search(cause)
            program = (found["runc"] or found["crun"]) if found else "the program"
            return NotStarted(exit_code, f"{program}: {_why(exit_code)}")
    for pattern, exit_code, message in _PODMAN_SAYS:
        if found := pattern.search(cause):
            return NotStarted(exit_code, message.format(what=found["what"]))
    return None


def not_executed(exit_code: int, only_line: str) -> NotStarted | None:
    """Read a log of one line that the runtime wrote instead of the program; None: the program wrote it."""
    if exit_code != 1:
        return None
    for pattern in _IN_LOG:
        if found := pattern.match(only_line):
            return _from_log(found["program"], found["cause"].lower())
    return None


def _from_log(program: str, cause: str) -> NotStarted:
    if cause == "no such file or directory":
        # The program itself was found, or the start would have failed.
        return NotStarted(NOT_FOUND, f"{program}: the interpreter in its first line (#!) is not in the image")
    if cause == "exec format error":
        return NotStarted(NOT_EXECUTABLE, f"{program}: neither a program for this machine nor a script with a #! line")
    return NotStarted(NOT_EXECUTABLE, f"{program}: {_why(NOT_EXECUTABLE)}")


def _why(exit_code: int) -> str:
    return "not found in the image" if exit_code == NOT_FOUND else "is a directory or not executable"
