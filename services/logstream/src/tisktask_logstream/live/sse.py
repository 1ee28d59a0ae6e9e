"""The wire form of Server-Sent Events, and the seats for those who listen."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import Counter, Gauge

from tisktask_common.errors import InfrastructureError
from tisktask_logstream import words

log = structlog.get_logger()

HEARTBEAT_SECONDS = 15.0
#: A viewer who takes nothing for this long is let go; an open one would come back and go on where it was.
WRITE_SECONDS_MAX = 30.0
HEARTBEAT = b": still here\n\n"
LOOK_SECONDS = 1.0
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx would collect the events otherwise.
    "X-Accel-Buffering": "no",
}

viewers = Gauge("tisktask_viewers", "Open streams of Server-Sent Events")
viewers_refused = Counter("tisktask_viewers_refused_total", "Streams refused because all seats were taken")
viewers_stuck = Counter("tisktask_viewers_stuck_total", "Viewers let go because they took nothing")


class NoSeatError(InfrastructureError):
    """Too many streams are open."""

    code = "too_many_streams"


class Seats:
    """Bounds how many streams are open at once."""

    def __init__(self, seats: int) -> None:
        self._free = seats
        self._taken: dict[asyncio.Task[None], web.Request] = {}

    async def serve(self, request: web.Request, frames: AsyncGenerator[bytes, None]) -> web.StreamResponse:
        """Send frames until they end, the viewer leaves, or the service does. There is a first frame at once."""
        if self._free <= 0:
            viewers_refused.inc()
            raise NoSeatError(words.NO_SEAT)
        self._free -= 1
        viewers.inc()
        try:
            # The first frame comes at once: with it the viewer is heard of, before he hears that he is.
            first = await anext(frames)
            response = web.StreamResponse(headers=_HEADERS)
            await response.prepare(request)
            sending = asyncio.create_task(self._send(request, response, first, frames))
            self._taken[sending] = request
            try:
                await asyncio.wait({sending})
            finally:
                sending.cancel()
                del self._taken[sending]
        finally:
            self._free += 1
            viewers.dec()
        return response

    async def run(self) -> None:
        """Free the seats of viewers who have left: without it that is noticed at the next heartbeat."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for sending, request in self._taken.items():
                if request.transport is None or request.transport.is_closing():
                    sending.cancel()

    async def close(self, _app: web.Application) -> None:
        """End all streams; for `app.on_shutdown`."""
        for sending in self._taken:
            sending.cancel()

    async def _send(
        self, request: web.Request, response: web.StreamResponse, first: bytes, frames: AsyncGenerator[bytes, None]
    ) -> None:
        try:
            async with aclosing(frames):
                await response.write(first)
                async for piece in frames:
                    async with asyncio.timeout(WRITE_SECONDS_MAX):
                        await response.write(piece)
            await response.write_eof()
        except TimeoutError:
            viewers_stuck.inc()
            log.info("viewer_stuck", remote=request.remote)
            if request.transport:
                request.transport.abort()
        except ConnectionResetError:
            log.debug("viewer_left", remote=request.remote)
        except Exception:
            # The answer has begun: its end is all that can still be said. The viewer comes back.
            log.exception("stream_failed", path=request.path)


def frame(event: str, data: Any, event_id: str | int | None = None) -> bytes:
    """Write one event. JSON has no line breaks of its own, so one `data:` line holds it."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    head = "" if event_id is None else f"id: {event_id}\n"
    return f"{head}event: {event}\ndata: {text}\n\n".encode(errors="replace")


async def heard(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event; False if it did not come in time."""
    try:
        # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the event.
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
