"""Commands on the data that all jobs of a run share: passed on to the orchestrator; waiting is done here."""

import asyncio
import base64
import math
from dataclasses import dataclass
from uuid import uuid4

import structlog

from tisktask_common.errors import InfrastructureError
from tisktask_common.job_requests import DataCommands
from tisktask_common.resp import NULL_ARRAY, NullArray, Reply, from_json
from tisktask_runner.jobsocket.command import Command, CommandError, Handler, Session
from tisktask_runner.jobsocket.commands.data_table import IMMEDIATE, WAITING, DataRow
from tisktask_runner.jobsocket.voice import Voice
from tisktask_runner.jobsocket.waiting import Subject, wait_for

log = structlog.get_logger()


@dataclass(frozen=True)
class _Pop:
    """A BLPOP or BRPOP that waits."""

    name: str
    arguments: list[bytes]
    request_id: str
    #: By its client (REQUESTID).
    is_named: bool


class RunData:
    """The run's data, as one of its jobs sees it."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def commands(self) -> list[Command]:
        return [
            *(_command(row, self._execute_one(row.name)) for row in IMMEDIATE),
            *(_command(row, self._pop(row.name), is_blocking=True) for row in WAITING),
        ]

    async def execute(self, session: Session, commands: list[list[bytes]]) -> list[Reply]:
        """Execute commands in their order: a reply per command. Nothing waits: BLPOP answers null.

        Those of a transaction are one request; others are parted where their replies do not fit into one answer.
        """
        is_divisible = session.transaction is None and len(commands) > 1
        replies = await self._ask(session.take_request_id(), commands, is_divisible=is_divisible)
        while len(replies) < len(commands):
            rest = commands[len(replies) :]
            try:
                some = await self._ask(uuid4().hex, rest, is_divisible=True)
            except CommandError as error:
                # What was done before is told all the same.
                return [*replies, *(error.failure for _ in rest)]
            if not some:
                raise InfrastructureError(f"no reply to {len(rest)} data commands")
            replies += some
        return replies

    def _execute_one(self, name: str) -> Handler:
        async def handle(session: Session, arguments: list[bytes]) -> Reply:
            (reply,) = await self.execute(session, [[name.encode(), *arguments]])
            return reply

        return handle

    def _pop(self, name: str) -> Handler:
        async def handle(session: Session, arguments: list[bytes]) -> Reply:
            is_named = session.request_id is not None
            pop = _Pop(name, arguments, session.take_request_id(), is_named=is_named)
            topics = [f"key:{base64.b64encode(key).decode()}" for key in arguments[:-1]]
            subject = Subject(self._voice.spec.run_id, topics)
            found = await wait_for(self._voice, subject, lambda: self._pop_now(pop), _seconds(arguments[-1]))
            return found[0] if found else NULL_ARRAY

        return handle

    async def _pop_now(self, pop: "_Pop") -> list[Reply] | None:
        """Pop if there is something. In a list: the reply is found, whatever it is. A wrong timeout is said by it."""
        asking = asyncio.ensure_future(self._ask(pop.request_id, [[pop.name.encode(), *pop.arguments]]))
        try:
            (reply,) = await asyncio.shield(asking)
        except asyncio.CancelledError:
            self._voice.later("give-back", self._give_back(pop, asking))
            raise
        return None if isinstance(reply, NullArray) else [reply]

    async def _give_back(self, pop: "_Pop", asking: "asyncio.Future[list[Reply]]") -> None:
        """Put an item back that came when its client had gone. One that names its request comes again for it."""
        (reply,) = await asking
        match reply:
            case [bytes(key), bytes(item)] if not pop.is_named:
                push = b"LPUSH" if pop.name == "BLPOP" else b"RPUSH"
                await self._ask(uuid4().hex, [[push, key, item]])
            case _:
                log.debug("nothing_to_give_back", command=pop.name)

    async def _ask(self, request_id: str, commands: list[list[bytes]], *, is_divisible: bool = False) -> list[Reply]:
        encoded = [[base64.b64encode(word).decode() for word in command] for command in commands]
        request = DataCommands(
            **self._voice.signature, request_id=request_id, commands=encoded, is_divisible=is_divisible
        )
        answer = await self._voice.ask(request)
        return [from_json(reply) for reply in answer.replies]


def _command(row: DataRow, handler: Handler, *, is_blocking: bool = False) -> Command:
    return Command(
        row.name,
        handler,
        row.arity,
        "data",
        row.syntax,
        row.summary,
        row.example,
        is_blocking=is_blocking,
        is_data=True,
    )


def _seconds(timeout: bytes) -> float | None:
    """Read how long to wait; None: as long as it takes. What is no number has been answered with an error already."""
    try:
        seconds = float(timeout)
    except ValueError:
        return 0
    if math.isnan(seconds) or seconds < 0:
        return 0
    return seconds or None
