"""One container beside a job: from its start to its end, and the way of its log."""

import asyncio
import os

import structlog

from tisktask_common.errors import InfrastructureError
from tisktask_runner.engine.libpod import EngineAwayError, EngineError
from tisktask_runner.engine.model import Exit, Lost, NotStarted, Pod
from tisktask_runner.log.position import load_position
from tisktask_runner.log.shipper import LogShipper
from tisktask_runner.sidecar import words
from tisktask_runner.sidecar.means import SidecarMeans
from tisktask_runner.sidecar.records import SidecarPlace, SidecarRecord

log = structlog.get_logger()

_RETRY_SECONDS = 1.0
#: How often a log that has reached its limit is looked at, and what it may grow by until it is cut back.
_TRIM_SECONDS = 1.0
_TRIM_BYTES = 16 * 1024**2


class Sidecar:
    """A container in the hands of this process."""

    def __init__(self, means: SidecarMeans, record: SidecarRecord, *, is_adopted: bool) -> None:
        self.record = record
        self._is_adopted = is_adopted
        self.place: SidecarPlace = means.place(record.name)
        self.end: Exit | Lost | NotStarted | None = None
        #: Its end is known, and its log complete.
        self.is_over = asyncio.Event()
        self._engine = means.engine
        self._shipper = LogShipper(
            means.lane, means.log_source(record.name), self.place.log_position, self._keep_log_short
        )
        self._log_bytes_max: int | None = None
        if load_position(self.place.log_position).is_complete and not self.place.after_log.exists():
            self._keep_log_short()
        self._watching: asyncio.Task[None] | None = None

    @property
    def pod(self) -> Pod:
        return self.place.pod(self.record)

    @property
    def runs(self) -> bool:
        return self.record.is_started and self.end is None

    def note(self, **changes: object) -> None:
        """Change its record, on disk first."""
        changed = self.record.model_copy(update=changes)
        self.place.write(changed)
        self.record = changed

    async def tend(self) -> None:
        """Wait for its end and send its log. Cancelled, all is left as it is for the next supervisor."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._shipper.run())
            self._watching = tasks.create_task(self._watch())

    def give_up(self) -> None:
        """Wait for its end no longer: its pod is gone, or Podman is. What is in its log is sent."""
        if self._watching:
            self._watching.cancel()
        if not self.is_over.is_set():
            self._close_log(words.lost(words.not_seen()))

    def how_it_ended(self) -> str:
        match self.end:
            case Exit() as end if end.reason:
                return end.reason
            case Exit() as end:
                return words.ended(end.exit_code, end.signal, out_of_memory=end.out_of_memory)
            case Lost(reason):
                return words.lost(reason)
            case NotStarted() as end:
                return end.message
            case None:
                return ""

    async def stop(self, grace_seconds: float) -> None:
        """End it: first as its image wants it, then by force; returns when it has ended."""
        await self._engine.stop(self.pod, grace_seconds, self.record.stop_signal)

    async def _watch(self) -> None:
        if self.is_over.is_set():
            return  # given up already
        waiting = asyncio.create_task(self._wait_patiently())
        try:
            while not (await asyncio.wait({waiting}, timeout=_TRIM_SECONDS))[0]:
                if self._log_bytes_max is not None:
                    await asyncio.to_thread(self._trim, self._log_bytes_max)
            self.end = waiting.result()
        finally:
            waiting.cancel()
        log.info("container_ended", container=self.record.name, how=self.how_it_ended())
        self._close_log(self.how_it_ended())

    async def _wait_patiently(self) -> Exit | Lost | NotStarted:
        while True:
            try:
                if self._is_adopted and (refusal := await self._start_if_it_was_not()):
                    return refusal
                return await self._engine.wait(self.pod)
            except InfrastructureError as error:
                log.warning("container_not_watched", container=self.record.name, error=error.message)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _start_if_it_was_not(self) -> NotStarted | None:
        """Do what a process that has died was about to do. That it is gone altogether is found out by waiting."""
        try:
            started = await self._engine.start(self.pod)
        except EngineAwayError:
            raise
        except EngineError as error:
            log.info("container_not_started_again", container=self.record.name, error=error.message)
            return None
        return started if isinstance(started, NotStarted) else None

    def _close_log(self, how: str) -> None:
        try:
            self.place.say_end(words.end_note(how))
        except OSError as error:
            # A full disk, which may have room only when the job is brought to its end.
            log.warning("container_end_not_said", container=self.record.name, how=how, error=str(error))
        self._shipper.close()
        self.is_over.set()

    def _keep_log_short(self) -> None:
        """Let the file grow no more: all that is kept of the log is in it. The container runs on."""
        self._log_bytes_max = self.place.output_log.stat().st_size
        log.info("container_log_cut", container=self.record.name, bytes=self._log_bytes_max)

    def _trim(self, bytes_max: int) -> None:
        # conmon appends: what it writes next is at the new end.
        if self.place.output_log.stat().st_size > bytes_max + _TRIM_BYTES:
            os.truncate(self.place.output_log, bytes_max)
