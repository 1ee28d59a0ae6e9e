"""Stands between a client and a job's socket, and loses replies: what was asked is done, and nobody hears of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import hiredis

#: To HELLO, to REQUESTID, and to the command itself.
REPLIES = 3


@dataclass
class LossySocket:
    """Loses the reply to the command on so many connections; the others are left alone."""

    path: Path
    upstream: Path
    losses: int = 0
    lost: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        above = await asyncio.open_unix_connection(str(self.upstream))
        pumps = asyncio.gather(_pump(reader, above[1]), self._answer(above[0], writer))
        try:
            await pumps
        finally:
            pumps.cancel()
            for one in (writer, above[1]):
                one.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.lost >= self.losses:
            await _pump(reader, writer)
            return
        parser, count = hiredis.Reader(notEnoughData=Ellipsis), 0
        while count < REPLIES and (data := await reader.read(65536)):
            parser.feed(data)
            while parser.gets() is not Ellipsis:
                count += 1
        self.lost += 1
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


@contextlib.asynccontextmanager
async def lossy_socket(path: Path, upstream: Path) -> AsyncIterator[LossySocket]:
    lossy = LossySocket(path, upstream)
    server = await asyncio.start_unix_server(lossy.serve, str(path))
    async with server:
        yield lossy
