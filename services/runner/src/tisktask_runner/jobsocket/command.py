"""What a command of the socket is: its name and form, what is said about it to people, and who carries it out."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tisktask_common.resp import Failure, Reply


class CommandError(Exception):
    """A command can not be done: answered as an error, and the connection goes on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.failure = Failure(code, message)


@dataclass
class Session:
    """One connection of a program, as commands see it."""

    #: Counts the connections of this process.
    id: int
    protocol: int = 2
    name: str = ""
    library_name: str = ""
    library_version: str = ""
    #: Channels that it is subscribed to. With any, RESP2 allows only a few commands.
    channels: set[bytes] = field(default_factory=set[bytes])
    #: Sends a message that nobody asked for (`resp.Push`), in between replies.
    push: Callable[[Reply], None] = lambda _reply: None
    #: Set by QUIT: the connection is closed after the reply.
    is_leaving: bool = False
    #: What to do when the connection is closed, whoever has closed it, and at RESET. Must not block.
    when_closed: "list[Callable[[Session], None]]" = field(default_factory=list["Callable[[Session], None]"])
    #: Set by REQUESTID: the next command's request has this id, on whatever connection it is repeated.
    request_id: str | None = None
    #: From MULTI to EXEC or DISCARD.
    transaction: "Transaction | None" = None

    def let_go(self) -> None:
        """Do what commands have asked to be done at the end of the connection."""
        while self.when_closed:
            self.when_closed.pop()(self)

    def take_request_id(self) -> str:
        """Name the request that a command makes: as its client says (REQUESTID, for one command), or like no other.

        To be called once per command that changes something (or starts a job, or a container), or once for those that
        travel together. A repeat under the same name must have the same answer and no second effect; a command that
        waits asks under it each time, so "not yet" must not be kept as its answer.
        """
        request_id, self.request_id = self.request_id, None
        return request_id or uuid4().hex


#: Carries out a command: `arguments` are those behind its name. Raises CommandError (and TisktaskErrors, which become
#: errors too). It is cancelled when the connection is closed.
Handler = Callable[[Session, list[bytes]], Coroutine[Any, Any, Reply]]


@dataclass(frozen=True)
class Command:
    """One command."""

    #: In capitals.
    name: str
    handler: Handler
    #: As in Redis: the number of words with the name; negative: at least so many.
    arity: int
    #: connection, jobs, containers, data, messages, page, locks, run
    group: str
    #: Its arguments: `key [key ...] timeout`.
    syntax: str
    #: One sentence for HELP and the documentation.
    summary: str
    #: An example for HELP and the documentation.
    example: str = ""
    #: It may wait for others: meanwhile the job lends its slot.
    is_blocking: bool = False
    #: Data commands: those that follow one another on a connection travel together.
    is_data: bool = False
    #: Its handler never waits for anything: it may be answered at once.
    is_immediate: bool = False
    #: It may stand between MULTI and EXEC though it is no data command: it is carried out after those, at EXEC.
    is_for_transactions: bool = False

    def accepts(self, arguments_count: int) -> bool:
        """Tell whether so many arguments behind the name are right."""
        words_count = arguments_count + 1
        return words_count == self.arity if self.arity >= 0 else words_count >= -self.arity

    def usage(self) -> str:
        return f"{self.name} {self.syntax}".rstrip()


@dataclass
class Transaction:
    """What was said since MULTI."""

    queued: list[tuple[Command, list[bytes]]] = field(default_factory=list[tuple[Command, list[bytes]]])
    size_bytes: int = 0
    arguments: int = 0
    #: A command was refused: EXEC will refuse the others too.
    is_broken: bool = False


@dataclass(frozen=True)
class CommandTable:
    """All commands of a socket, by name in capitals."""

    commands: dict[str, Command]

    @classmethod
    def of(cls, *groups: Sequence[Command]) -> "CommandTable":
        return cls({command.name: command for group in groups for command in group})

    def find(self, name: bytes) -> Command | None:
        return self.commands.get(name.decode("utf-8", "replace").upper())


#: Executes data commands (name and arguments each) in one transaction: a reply per command. For MULTI, and for those
#: that follow one another on a connection. All are one request: it calls `Session.take_request_id` once.
DataExecutor = Callable[[Session, list[list[bytes]]], Awaitable[list[Any]]]
