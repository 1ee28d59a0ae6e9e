"""Reads request bodies, whose size, time and sum in memory are bounded."""

import asyncio

from aiohttp import ClientError, web

from tisktask_ingest import words
from tisktask_ingest.outcome import Refusal

#: What GitHub sends at most; the other forges have no limit of their own.
BODY_BYTES_MAX = 25 * 1024**2
BODY_SECONDS_MAX = 30.0


class RequestBodies:
    """All bodies that are being received or worked on, against one budget of memory."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_left = bytes_max

    async def read(self, request: web.Request) -> bytearray | Refusal:
        """Read a whole body. The caller gives it back with `release` when it is done with it."""
        if (request.content_length or 0) > BODY_BYTES_MAX:
            return Refusal(413, "too_large", words.body_too_large(BODY_BYTES_MAX))
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                refusal = await self._read_into(body, request)
        except TimeoutError:
            refusal = Refusal(408, "too_slow", words.body_too_slow(BODY_SECONDS_MAX))
        except (web.RequestPayloadError, ClientError, ConnectionError):
            refusal = Refusal(400, "broken_off", words.BODY_BROKEN_OFF)
        except BaseException:
            self.release(body)
            raise
        if refusal:
            self.release(body)
            return refusal
        return body

    def release(self, body: bytearray) -> None:
        self._bytes_left += len(body)

    async def _read_into(self, body: bytearray, request: web.Request) -> Refusal | None:
        async for chunk in request.content.iter_any():
            if len(body) + len(chunk) > BODY_BYTES_MAX:
                return Refusal(413, "too_large", words.body_too_large(BODY_BYTES_MAX))
            if len(chunk) > self._bytes_left:
                return Refusal(503, "too_many_bodies", words.TOO_MANY_BODIES)
            self._bytes_left -= len(chunk)
            body += chunk
        return None
