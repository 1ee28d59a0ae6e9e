"""Asks Podman again while it is away: its service may be started anew at any moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from tisktask_runner.engine.libpod import EngineAwayError

log = structlog.get_logger()

Answer = TypeVar("Answer")

#: So long Podman's service may be away or hang before a job suffers from it.
AWAY_SECONDS_MAX = 300.0
_PAUSE_SECONDS = 0.5


async def when_back(ask: Callable[[], Awaitable[Answer]], seconds_max: float = AWAY_SECONDS_MAX) -> Answer:
    """Ask, and again until Podman answers; only for what may be asked twice. Raises EngineAwayError in the end."""
    now = asyncio.get_running_loop().time
    give_up_at = now() + seconds_max
    while True:
        try:
            return await ask()
        except EngineAwayError as error:
            if now() > give_up_at:
                raise
            log.warning("podman_awaited", error=error.message)
            await asyncio.sleep(_PAUSE_SECONDS)
