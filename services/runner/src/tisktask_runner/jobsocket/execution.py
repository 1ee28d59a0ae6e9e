"""Carries out the commands of one connection, one after another; whatever goes wrong becomes an error reply."""

import errno
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, cast

import structlog
from prometheus_client import Counter, Histogram

from tisktask_common.errors import ConflictError, InfrastructureError, NotFoundError, RefusedError, TisktaskError
from tisktask_common.resp import Failure, Reply, Simple
from tisktask_runner.jobsocket import words
from tisktask_runner.jobsocket.command import Command, CommandError, CommandTable, DataExecutor, Session, Transaction
from tisktask_runner.jobsocket.limits import SocketLimits
from tisktask_runner.jobsocket.reading import Refusal, Request

log = structlog.get_logger()

QUEUED = Simple("QUEUED")
#: So much travels together at most; one command alone may be larger.
BATCH_COMMANDS = 128
BATCH_BYTES = 128 * 1024

#: Errors that were answered to the runner, as codes. The others are ERR.
_CODES: dict[type[TisktaskError], str] = {NotFoundError: "NOTFOUND", RefusedError: "NOPERM", ConflictError: "CONFLICT"}
_WITHIN_TRANSACTION = {"MULTI", "EXEC", "DISCARD", "WATCH", "QUIT", "RESET"}
_WHILE_SUBSCRIBED = {"SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "PING", "QUIT", "RESET"}

commands_done = Counter("tisktask_socket_commands_total", "Commands of jobs' sockets", ["group", "outcome"])
commands_seconds = Histogram(
    "tisktask_socket_command_seconds",
    "Time of commands of jobs' sockets that do not wait for others",
    ["group"],
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60),
)


@dataclass(frozen=True)
class Rules:
    """What holds for all connections of a socket."""

    table: CommandTable
    #: None: data commands are carried out by their handlers.
    execute_data: DataExecutor | None
    limits: SocketLimits


class Execution:
    """The commands of one connection."""

    def __init__(self, rules: Rules, session: Session) -> None:
        self._rules = rules
        self._session = session

    def answer_at_once(self, request: Request) -> list[Reply]:
        """Answer what needs no waiting; empty: `answer` must do it."""
        found = self._look_up(request)
        if not isinstance(found, Command):
            return [found]
        if not found.is_immediate:
            return []
        return [_finish_at_once(self._carry_out(found, self._handle(found, _arguments(request))))]

    async def answer(self, request: Request) -> Reply:
        """Answer one command."""
        found = self._look_up(request)
        if not isinstance(found, Command):
            return found
        if found.name == "EXEC" and self._session.transaction:
            return await self._carry_out(found, self._execute_transaction(self._session.transaction))
        return await self._carry_out(found, self._handle(found, _arguments(request)))

    def batch_length(self, requests: Iterable[Request]) -> int:
        """Count how many at the beginning may travel together; 0: not even the first is for `answer_batch`."""
        # What has a name may be repeated under it: in other company it would be another request.
        most = 1 if self._session.request_id else BATCH_COMMANDS
        count = size = 0
        for request in requests:
            if count == most or isinstance(request, Refusal) or not self._can_travel(request):
                break
            size += sum(map(len, request))
            if count and size > BATCH_BYTES:
                break
            count += 1
        return count

    async def answer_batch(self, requests: Sequence[Request]) -> Sequence[Reply]:
        """Answer data commands that follow one another, in one transaction."""
        batch = [request for request in requests if not isinstance(request, Refusal)]
        began = perf_counter()
        try:
            replies = await self._execute_data(batch)
        except Exception as error:  # noqa: BLE001 - explained, and logged there
            replies = [_explain(error, "data")] * len(batch)
        commands_seconds.labels("data").observe(perf_counter() - began)
        for reply in replies:
            _count("data", reply)
        return replies

    async def _execute_data(self, batch: list[list[bytes]]) -> list[Reply]:
        if self._rules.execute_data is None or not batch:
            return []
        replies: list[Reply] = await self._rules.execute_data(self._session, batch)
        if len(replies) != len(batch):
            raise ValueError(f"{len(replies)} replies to {len(batch)} data commands")
        return replies

    async def _execute_transaction(self, transaction: Transaction) -> Reply:
        """Carry out what was queued: the data commands in one go, then the others in their order."""
        try:
            if transaction.is_broken:
                return words.transaction_discarded()
            queued = [(command, said) for command, said in transaction.queued if self._is_for_batch(command)]
            done = iter(await self._execute_data([[command.name.encode(), *said] for command, said in queued]))
        finally:
            # Not before: who executes them sees by it that they must not be parted.
            self._session.transaction = None
        return [
            next(done) if self._is_for_batch(command) else await self._carry_out(command, self._handle(command, said))
            for command, said in transaction.queued
        ]

    def _is_for_batch(self, command: Command) -> bool:
        return command.is_data and self._rules.execute_data is not None

    def _handle(self, command: Command, arguments: list[bytes]) -> Coroutine[Any, Any, Reply]:
        return command.handler(self._session, arguments)

    def _can_travel(self, request: list[bytes]) -> bool:
        if self._session.transaction:
            return False
        found = self._check(request)
        return isinstance(found, Command) and self._is_for_batch(found) and not found.is_blocking

    def _look_up(self, request: Request) -> Command | Failure | Simple:
        """Find the command, or the answer if it is not to be carried out now."""
        transaction = self._session.transaction
        found = self._check(request)
        if isinstance(found, Failure):
            _count("none", found)
            if transaction:
                transaction.is_broken = True
            return found
        if transaction and found.name not in _WITHIN_TRANSACTION:
            return self._queue(transaction, found, _arguments(request))
        return found

    def _check(self, request: Request) -> Command | Failure:
        if isinstance(request, Refusal):
            return request.failure
        command = self._rules.table.find(request[0])
        if command is None:
            return words.unknown_command(request[0], request[1:], list(self._rules.table.commands))
        if not command.accepts(len(request) - 1):
            return words.wrong_arity(command)
        if self._session.channels and self._session.protocol == 2 and command.name not in _WHILE_SUBSCRIBED:
            return words.not_while_subscribed(command)
        if self._session.transaction and not _may_be_queued(command):
            return words.not_in_transaction(command)
        return command

    def _queue(self, transaction: Transaction, command: Command, arguments: list[bytes]) -> Failure | Simple:
        limits = self._rules.limits
        if transaction.is_broken:
            return QUEUED
        transaction.queued.append((command, arguments))
        transaction.size_bytes += sum(map(len, arguments))
        transaction.arguments += len(arguments) + 1
        if transaction.size_bytes > limits.command_bytes or transaction.arguments > limits.arguments:
            transaction.queued.clear()
            transaction.is_broken = True
            return words.transaction_too_large(limits)
        return QUEUED

    async def _carry_out(self, command: Command, handling: Coroutine[Any, Any, Reply]) -> Reply:
        began = perf_counter()
        try:
            reply = await handling
        except Exception as error:  # noqa: BLE001 - explained, and logged there
            reply = _explain(error, command.name)
        if not (command.is_blocking or command.is_immediate):
            commands_seconds.labels(command.group).observe(perf_counter() - began)
        _count(command.group, reply)
        return reply


def _finish_at_once(work: Coroutine[Any, Any, Reply]) -> Reply:
    """Run what never waits, without the price of a task."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast("Reply", done.value)
    work.close()
    raise RuntimeError("a command that is_immediate waits for something")


def _explain(error: Exception, command: str) -> Failure:
    """Make the reply to a command that was not done."""
    match error:
        case CommandError():
            return error.failure
        case InfrastructureError():
            log.warning("socket_command_not_done", command=command, error=error.message)
            return words.not_available(error.message)
        case TisktaskError():
            return Failure(
                next((code for kind, code in _CODES.items() if isinstance(error, kind)), "ERR"), error.message
            )
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            log.warning("socket_command_not_done", command=command, error=str(error))
            return words.disk_full()
        case _:
            log.error("socket_command_broken", command=command, exc_info=error)
            return words.internal_error()


def _may_be_queued(command: Command) -> bool:
    return command.name in _WITHIN_TRANSACTION or command.is_data or command.is_for_transactions


def _arguments(request: Request) -> list[bytes]:
    return [] if isinstance(request, Refusal) else request[1:]


def _count(group: str, reply: Reply) -> None:
    commands_done.labels(group, "error" if isinstance(reply, Failure) else "ok").inc()
