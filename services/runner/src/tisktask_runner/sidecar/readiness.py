"""Waits until a container is ready as its program has defined it: listens on a port, has printed a line."""

import asyncio
import time
from contextlib import suppress

from tisktask_runner.engine.pods import Engine
from tisktask_runner.sidecar import words
from tisktask_runner.sidecar.errors import NotReadyError, SidecarEndedError, SidecarError
from tisktask_runner.sidecar.order import Readiness
from tisktask_runner.sidecar.own_log import LogSearch, read_tail
from tisktask_runner.sidecar.ports import is_listened_on
from tisktask_runner.sidecar.sidecar import Sidecar

_POLL_SECONDS = 0.05
_LOG_LINES_SHOWN = 5
_LOG_CHARACTERS_SHOWN = 600


async def wait_until_ready(engine: Engine, sidecar: Sidecar, readiness: Readiness, turn: asyncio.Lock) -> None:
    """Return when it is ready; raises SidecarErrors. `turn`: who searches a log, for patterns can be made slow."""
    give_up_at = time.monotonic() + readiness.seconds
    search = LogSearch(sidecar.place.output_log, readiness.pattern) if readiness.pattern else None
    port = readiness.port
    process = 0
    while True:
        was_over = sidecar.is_over.is_set()
        if port and not was_over:
            process = process or await _process(engine, sidecar)
            if process and await asyncio.to_thread(is_listened_on, process, port) and not sidecar.is_over.is_set():
                port = None
        if search and await _is_found(search, give_up_at, turn):
            search = None
        if not port and not search:
            return
        if was_over:
            raise SidecarEndedError(
                words.ended_early(sidecar.record.name, sidecar.how_it_ended(), await _last_lines(sidecar))
            )
        if time.monotonic() > give_up_at:
            waited_for = words.no_listener(port) if port else words.no_match(readiness.pattern or "")
            raise NotReadyError(words.not_ready(sidecar.record.name, waited_for, readiness.seconds))
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_SECONDS):
                await sidecar.is_over.wait()


async def _process(engine: Engine, sidecar: Sidecar) -> int:
    process = await engine.process_of(sidecar.pod)
    if process is None:
        raise SidecarError(words.ports_not_visible())
    return process


async def _is_found(search: LogSearch, give_up_at: float, turn: asyncio.Lock) -> bool:
    while True:
        async with turn:
            if await asyncio.to_thread(search.go_on):
                return True
        if not search.has_more or time.monotonic() > give_up_at:
            return False


async def _last_lines(sidecar: Sidecar) -> str:
    text = await asyncio.to_thread(read_tail, sidecar.place.output_log, _LOG_LINES_SHOWN)
    return " | ".join(line for line in text.splitlines() if line.strip())[-_LOG_CHARACTERS_SHOWN:]
