"""A job's socket with commands for trying the protocol: data in memory, and one command that waits.

As a program (`python jobsocket_toy.py PATH`) it serves until it is ended.
"""

import asyncio
import sys
from pathlib import Path

import structlog

from tisktask_common.resp import OK, Failure, Push, Reply, Several
from tisktask_runner.jobsocket.command import Command, CommandError, CommandTable, Session
from tisktask_runner.jobsocket.limits import SocketLimits
from tisktask_runner.jobsocket.server import JobSocket


class Toy:
    """What the commands work on, and what has become of them."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        #: Number of data commands that travelled together, each time.
        self.batches: list[int] = []
        self.release = asyncio.Event()
        self.waiting = 0
        self.cancelled = 0
        self.subscribers: list[Session] = []

    async def execute(self, session: Session, commands: list[list[bytes]]) -> list[Reply]:
        session.take_request_id()
        self.batches.append(len(commands))
        await asyncio.sleep(0)
        return [self._do(*command) for command in commands]

    def _do(self, name: bytes, *arguments: bytes) -> Reply:
        match name.upper(), arguments:
            case b"SET", [key, value, *_]:
                self.values[key] = value
                return OK
            case b"GET", [key]:
                return self.values.get(key)
            case b"INCR" | b"INCRBY", [key, *by]:
                try:
                    number = int(self.values.get(key, b"0")) + (int(by[0]) if by else 1)
                except ValueError:
                    return Failure("ERR", "value is not an integer or out of range")
                self.values[key] = str(number).encode()
                return number
            case _:
                raise ValueError(name)

    async def wait(self, _session: Session, arguments: list[bytes]) -> Reply:
        """Wait until released; replies its argument."""
        self.waiting += 1
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.waiting -= 1
        return arguments[0]

    async def fail(self, _session: Session, arguments: list[bytes]) -> Reply:
        if arguments:
            raise CommandError(arguments[0].decode(), "because it was asked to")
        raise KeyError("a secret")

    async def blob(self, _session: Session, arguments: list[bytes]) -> Reply:
        """Reply so many bytes."""
        return b"x" * int(arguments[0])

    async def subscribe(self, session: Session, arguments: list[bytes]) -> Reply:
        if session not in self.subscribers:
            self.subscribers.append(session)
            session.when_closed.append(self.subscribers.remove)
        replies: list[Reply] = []
        for channel in arguments:
            session.channels.add(channel)
            replies.append(Push([b"subscribe", channel, len(session.channels)]))
        return Several(replies)

    async def publish(self, _session: Session, arguments: list[bytes]) -> Reply:
        for session in list(self.subscribers):
            session.push(Push([b"message", *arguments]))
        return len(self.subscribers)

    async def never(self, _session: Session, _arguments: list[bytes]) -> Reply:
        raise AssertionError("data commands are executed together")

    def table(self) -> CommandTable:
        return CommandTable.of(
            [
                Command("SET", self.never, -3, "data", "key value", "Sets a value.", is_data=True),
                Command("GET", self.never, 2, "data", "key", "Replies a value.", is_data=True),
                Command("INCR", self.never, 2, "data", "key", "Adds one.", "INCR builds", is_data=True),
                Command("INCRBY", self.never, 3, "data", "key increment", "Adds a number.", is_data=True),
                Command("WAIT", self.wait, 2, "jobs", "word", "Waits for the test.", is_blocking=True),
                Command("FAIL", self.fail, -1, "jobs", "[code]", "Fails."),
                Command("BLOB", self.blob, 2, "jobs", "bytes", "Replies much."),
                Command("SUBSCRIBE", self.subscribe, -2, "messages", "channel [channel ...]", "Hears."),
                Command("PUBLISH", self.publish, 3, "messages", "channel message", "Says.", is_for_transactions=True),
            ]
        )


def toy_socket(toy: Toy, limits: SocketLimits | None = None) -> JobSocket:
    return JobSocket(toy.table(), toy.execute, limits, {"run_id": "r1", "job_id": "j1"})


async def _serve(path: Path) -> None:
    socket = toy_socket(Toy())
    await socket.open(path)
    print("open", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    # Nobody reads standard output after the first line.
    structlog.configure(
        [structlog.processors.KeyValueRenderer()], logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    asyncio.run(_serve(Path(sys.argv[1])))
