"""What a command ends with: exit codes, and errors that are shown as one line."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command; scripts rely on them."""

    DONE = 0
    #: The run, or what else was asked about, did not succeed.
    FAILED = 1
    USAGE = 2
    #: The server can not be reached, or it is not there.
    UNREACHABLE = 3


class CommandError(Exception):
    """A command can not do what it was asked to; the message says what is wrong and what to do."""

    def __init__(self, message: str, exit_code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
