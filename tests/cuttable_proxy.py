"""A way to a server that can be cut as a network is: nothing passes, nothing is closed; healed, what was held up goes on."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

_CHUNK_BYTES = 65_536


class CuttableProxy:
    """Listens on a port of its own, in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        #: Set when nothing passes any more, by `cut` or because of what a client was about to say.
        self.is_cut = threading.Event()
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._words: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        """Let nothing pass, in neither direction; what was said is not lost, as TCP sends it again."""
        self._loop.call_soon_threadsafe(self._cut)

    def cut_before(self, *words: bytes) -> None:
        """Cut when a client has said all of these, in this order; the last of them does not pass any more."""
        self._words = list(words)

    def heal(self) -> None:
        self._loop.call_soon_threadsafe(self._heal)

    def _cut(self) -> None:
        self._open.clear()
        self.is_cut.set()

    def _heal(self) -> None:
        self.is_cut.clear()
        self._open.set()

    async def run(self, ready: threading.Event, stop: asyncio.Event) -> None:
        self._open.set()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await stop.wait()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:
                # At once, whatever its other side has not read.
                writer.transport.abort()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.append(writer)
        await self._open.wait()
        with contextlib.closing(writer):
            above_reader, above_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers.append(above_writer)
            with contextlib.closing(above_writer):
                pumps = [self._pump(reader, above_writer, is_client=True)]
                pumps += [self._pump(above_reader, writer, is_client=False)]
                await asyncio.gather(*pumps)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_client: bool) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK_BYTES):
                if is_client:
                    self._listen(data)
                await self._open.wait()
                writer.write(data)
                await writer.drain()
            await self._open.wait()
        writer.close()

    def _listen(self, data: bytes) -> None:
        at = 0
        while self._words and (found := data.find(self._words[0], at)) >= 0:
            at = found + 1
            del self._words[0]
            if not self._words:
                self._cut()


@contextlib.contextmanager
def cuttable_proxy(target_port: int) -> Iterator[CuttableProxy]:
    proxy, ready, stop = CuttableProxy(target_port), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: proxy._loop.run_until_complete(proxy.run(ready, stop)), name="proxy")
    thread.start()
    assert ready.wait(10)
    try:
        yield proxy
    finally:
        proxy._loop.call_soon_threadsafe(stop.set)
        thread.join()
        proxy._loop.close()
