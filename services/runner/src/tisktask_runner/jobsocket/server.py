"""The socket of one job: listens, lets clients in, and goes when the job does, or when another process takes over."""

import asyncio
from itertools import count
from pathlib import Path

import structlog

from tisktask_runner.jobsocket.command import CommandTable, DataExecutor, Session
from tisktask_runner.jobsocket.commands.connection import connection_commands
from tisktask_runner.jobsocket.commands.introspection import Introspection
from tisktask_runner.jobsocket.commands.transactions import transaction_commands
from tisktask_runner.jobsocket.connection import Connection
from tisktask_runner.jobsocket.execution import Rules
from tisktask_runner.jobsocket.limits import SocketLimits
from tisktask_runner.jobsocket.place import listen_at

log = structlog.get_logger()

_READ_BYTES = 64 * 1024


class JobSocket:
    """Serves the given commands, and those of every connection (PING, HELLO, HELP, MULTI, ...).

    `execute_data` None: data commands are carried out by their handlers, each for itself. `facts` are shown by INFO.
    """

    def __init__(
        self,
        table: CommandTable,
        execute_data: DataExecutor | None = None,
        limits: SocketLimits | None = None,
        facts: dict[str, str] | None = None,
    ) -> None:
        self._limits = limits or SocketLimits()
        introspection = Introspection(facts or {}, lambda: len(self._connections))
        own = [*connection_commands(), *transaction_commands(), *introspection.commands()]
        introspection.table = CommandTable.of(own, list(table.commands.values()))
        self._rules = Rules(introspection.table, execute_data, self._limits)
        self._ids = count(1)
        self._connections: set[Connection] = set()
        #: Work of connections that are gone: it is cancelled, and may have something to clean up still.
        self._ending: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._is_closed = False
        self.buffer = memoryview(bytearray(_READ_BYTES))

    @property
    def table(self) -> CommandTable:
        return self._rules.table

    async def open(self, path: Path) -> None:
        """Listen there, in place of whatever is there. Raises OSError."""
        listening = await asyncio.to_thread(listen_at, path)
        try:
            self._server = await asyncio.get_running_loop().create_unix_server(self._welcome, sock=listening)
        except BaseException:
            listening.close()
            raise

    async def close(self) -> None:
        """Let go of all clients. The file stays: who finds it dead tries again, and finds the next process's."""
        self._is_closed = True
        if self._server:
            self._server.close()
        while self._connections or self._ending:
            for connection in list(self._connections):
                connection.abort()
            await asyncio.sleep(0)
            if self._ending:
                await asyncio.wait(set(self._ending))

    def let_in(self, connection: Connection) -> bool:
        is_room = len(self._connections) < self._limits.connections
        self._connections.add(connection)
        if self._is_closed:
            # It was accepted in the last moment.
            connection.abort()
        return is_room

    def see_off(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection.work and not connection.work.done():
            self._ending.add(connection.work)
            connection.work.add_done_callback(self._ending.discard)

    def _welcome(self) -> Connection:
        return Connection(self._rules, Session(next(self._ids)), self)
