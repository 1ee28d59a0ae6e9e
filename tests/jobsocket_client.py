"""A client of a job's socket that shows what is on the wire."""

import asyncio
import time
from collections.abc import Callable

SECONDS_MAX = 10.0


class Client:
    """Writes bytes and reads replies as they are on the wire."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def say(self, text: bytes) -> None:
        self.writer.write(text)

    async def hear(self, expected: bytes) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            assert await self.reader.readexactly(len(expected)) == expected

    async def line(self) -> bytes:
        async with asyncio.timeout(SECONDS_MAX):
            return (await self.reader.readuntil(b"\r\n")).removesuffix(b"\r\n")

    async def end(self) -> bytes:
        async with asyncio.timeout(SECONDS_MAX):
            return await self.reader.read()

    def hang_up(self) -> None:
        self.writer.transport.abort()


async def until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, "it did not become so"
        await asyncio.sleep(0.002)
