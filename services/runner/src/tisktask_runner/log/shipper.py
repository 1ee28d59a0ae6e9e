"""Follows the files of one attempt's log and sends what is new, until its end is on the bus.

The files are the buffer: nothing is taken from them, and the position moves only after the bus has stored.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from tisktask_runner.log.cut import Cut, LogSource, cut_log, measure
from tisktask_runner.log.position import Position, load_position, save_position
from tisktask_runner.log.uplink import LogUplink
from tisktask_runner.log.watch import FileWatcher

log = structlog.get_logger()

ResultT = TypeVar("ResultT")

#: Between two messages of one job, unless there is a full one: what a person still sees as "at once".
PACE_SECONDS = 0.1
_MEASURE_SECONDS = 0.5


@dataclass(frozen=True)
class ShippingLane:
    """What all shippers of a process share. The threads are their own: a long checkout must not hold up logs."""

    uplink: LogUplink
    watcher: FileWatcher
    threads: Executor


class LogShipper:
    """Sends one log. `on_too_long` is called once, when the log has reached its limit."""

    def __init__(
        self, lane: ShippingLane, source: LogSource, position_path: Path, on_too_long: Callable[[], None]
    ) -> None:
        self._lane = lane
        self._source = source
        self._position_path = position_path
        self._on_too_long = on_too_long
        self._position = load_position(position_path)
        self._closed_parts = 0
        self._closed = asyncio.Event()
        self._was_too_long = False
        self._is_position_kept = True

    def close_parts(self, count: int) -> None:
        """Say that the first `count` files grow no more; with the last of them the log ends."""
        if count > self._closed_parts:
            self._closed_parts = count
            self._closed.set()

    def close(self) -> None:
        self.close_parts(len(self._source.parts))

    async def run(self) -> None:
        """Send until the last chunk is on the bus."""
        sent_at = 0.0
        while not self._position.is_complete:
            self._closed.clear()
            cut = await self._in_thread(cut_log, self._position)
            if not cut.messages:
                self._position = cut.position
                await self._wait_for_more(cut.read_to)
                continue
            pause = sent_at + PACE_SECONDS - time.monotonic()
            if pause > 0 and not cut.is_full and not cut.position.is_complete:
                await self._sleep_until_closed(pause)
                cut = await self._in_thread(cut_log, self._position)
            if cut.is_truncated:
                self._report_too_long()
            await self._send(cut)
            sent_at = time.monotonic()
            self._position = cut.position
            self._keep_position()

    def _keep_position(self) -> None:
        try:
            save_position(self._position_path, self._position)
        except OSError as error:
            # A full disk, which may have room only when the job is brought to its end. Nothing is lost by going on:
            # whoever adopts the log sends again what is behind the last place kept, and its offsets tell.
            if self._is_position_kept:
                log.warning("log_position_not_kept", path=str(self._position_path), error=str(error))
            self._is_position_kept = False
        else:
            self._is_position_kept = True

    async def _in_thread(self, work: Callable[[LogSource, Position, int], ResultT], position: Position) -> ResultT:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._lane.threads, work, self._source, position, self._closed_parts)

    async def _send(self, cut: Cut) -> None:
        """Send, and meanwhile (the bus may be away for long) see to it that the file does not fill the disk."""
        sending = asyncio.create_task(self._lane.uplink.send(cut.messages))
        ahead = cut.position
        try:
            while not (await asyncio.wait({sending}, timeout=_MEASURE_SECONDS))[0]:
                if self._source.bytes_max and not cut.position.is_complete:
                    ahead = await self._in_thread(measure, ahead)
                    if ahead.log_offset > self._source.bytes_max:
                        self._report_too_long()
            # What went wrong, if anything did, is the supervisor's to know.
            sending.result()
        finally:
            sending.cancel()

    async def _wait_for_more(self, read_to: int) -> None:
        if self._position.part < len(self._source.parts):
            path = self._source.parts[self._position.part].path
            await self._lane.watcher.wait_for_growth(path, read_to, self._closed)

    async def _sleep_until_closed(self, seconds: float) -> None:
        with suppress(TimeoutError):
            # Not `wait_for`: in Python 3.11 it can swallow a cancellation.
            async with asyncio.timeout(seconds):
                await self._closed.wait()

    def _report_too_long(self) -> None:
        if not self._was_too_long:
            self._was_too_long = True
            self._on_too_long()
