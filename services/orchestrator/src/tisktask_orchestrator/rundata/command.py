"""What a data command is: its form, which keys it touches, and who carries it out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from tisktask_common.resp import Reply
from tisktask_orchestrator.rundata.dataset import Dataset

#: Carries out a command on the arguments behind its name. Raises CommandError before it changes anything.
Handler = Callable[[Dataset, list[bytes]], Awaitable[Reply]]


class Keys(Enum):
    """Which arguments of a command are keys."""

    NONE = slice(0, 0)
    FIRST = slice(0, 1)
    FIRST_TWO = slice(0, 2)
    ALL = slice(None)
    ALL_BUT_LAST = slice(None, -1)
    EVERY_SECOND = slice(0, None, 2)


class Fields(Enum):
    """Which arguments of a command are fields of the hash that is the first one."""

    NONE = slice(0, 0)
    SECOND = slice(1, 2)
    REST = slice(1, None)
    EVERY_SECOND = slice(1, None, 2)


class End(Enum):
    """From which end of its lists a command takes items."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class Command:
    """One command."""

    #: In small letters, as Redis has it in its messages.
    name: str
    handler: Handler
    #: As in Redis: the number of words with the name; negative: at least so many.
    arity: int
    keys: Keys = Keys.FIRST
    fields: Fields = Fields.NONE
    end: End | None = None
    #: It adds to the data, and is refused when the run has used its room.
    grows: bool = False

    def has_right_count(self, arguments: list[bytes]) -> bool:
        words = len(arguments) + 1
        return words == self.arity if self.arity >= 0 else words >= -self.arity


@dataclass(frozen=True)
class Call:
    """A command with its arguments; None: there is no such command."""

    command: Command | None
    name: bytes
    arguments: list[bytes]

    def key_arguments(self) -> list[bytes]:
        return self.arguments[self.command.keys.value] if self.command else []

    def field_arguments(self) -> list[bytes]:
        return self.arguments[self.command.fields.value] if self.command else []
