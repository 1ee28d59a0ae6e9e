"""Sends the webhooks of a forge on their way, over real HTTP, to hosts that its administrator allows."""

import asyncio
import itertools
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from forge.hooks import Outgoing
from forge.state import ForgeState, HookDelivery

SECONDS_MAX = 5.0


class Sender:
    """Delivers what waits in `state.outgoing`."""

    def __init__(self, state: ForgeState) -> None:
        self._state = state
        self._tasks: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)

    def send_waiting(self) -> None:
        while self._state.outgoing:
            task = asyncio.create_task(self._send(self._state.outgoing.pop(0)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, outgoing: Outgoing) -> None:
        hook, delivery = outgoing.hook, outgoing.delivery
        status, said = await self._post(outgoing)
        hook.last_answer = status or None, said
        made = HookDelivery(next(self._numbers), delivery.id, datetime.now(UTC), status, delivery.event)
        hook.deliveries.append(made)

    async def _post(self, outgoing: Outgoing) -> tuple[int, str]:
        allowed, host = self._state.allowed_hosts, urlsplit(outgoing.hook.url).hostname
        if allowed is not None and host not in allowed:
            return (
                0,
                f"webhook can only call allowed HTTP servers (check your webhook.ALLOWED_HOST_LIST setting), deny '{host}'",
            )
        try:
            timeout = aiohttp.ClientTimeout(total=SECONDS_MAX)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    outgoing.hook.url, data=outgoing.delivery.body, headers=outgoing.delivery.headers
                ) as response,
            ):
                await response.read()
                return response.status, "OK" if response.ok else "Invalid HTTP Response"
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            return 0, f"failed to connect to host: {type(problem).__name__}"
