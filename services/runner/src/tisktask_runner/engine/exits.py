"""Knows that a container has ended within milliseconds: conmon writes its exit code into a directory.

A thread reads, not the event loop: on cgroup v1 the count of out-of-memory kills is there for some 40 ms only.
"""

import asyncio
import contextlib
import os
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog
from inotify_simple import INotify, flags
from prometheus_client import Counter

log = structlog.get_logger()

watch_errors = Counter("tisktask_runner_exit_watch_errors_total", "Exits that could not be read or watched")

_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class ExitRecord:
    """What conmon wrote about an end."""

    exit_code: int
    ended_at: datetime
    #: None: its control group was gone already.
    out_of_memory: bool | None


@dataclass(frozen=True)
class _Expected:
    """One who waits: there may be several for one container."""

    container_id: str
    read_out_of_memory: Callable[[], bool | None]
    on_exit: Callable[[ExitRecord], None]


@dataclass
class ExitWatcher:
    """Watches one exits directory for any number of containers."""

    directory: Path
    _expected: list[_Expected] = field(default_factory=list[_Expected])
    #: Of containers whose exit is to be known also if nobody waits for it yet, and the file is gone by then.
    _kept: dict[str, _Expected] = field(default_factory=dict[str, _Expected])
    _records: dict[str, ExitRecord] = field(default_factory=dict[str, ExitRecord])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None
    _wake: tuple[int, int] | None = None
    _is_watching: threading.Event = field(default_factory=threading.Event)

    @property
    def is_watching(self) -> bool:
        """False: ends must be asked for, the directory can not be seen from here."""
        return self._is_watching.is_set()

    def start(self) -> None:
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, name="exits", daemon=True)
        self._thread.start()

    def close(self) -> None:
        if self._thread and self._wake:
            os.write(self._wake[1], b"x")
            self._thread.join()
            for end in self._wake:
                os.close(end)
            self._thread = self._wake = None

    def expect(self, container_id: str, read_out_of_memory: Callable[[], bool | None]) -> "asyncio.Future[ExitRecord]":
        """A future of the container's end, done at once if it has ended. Cancel it to be rid of it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ExitRecord] = loop.create_future()

        def resolve(record: ExitRecord) -> None:
            if not future.done():
                future.set_result(record)

        def on_exit(record: ExitRecord) -> None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
                loop.call_soon_threadsafe(resolve, record)

        expected = _Expected(container_id, read_out_of_memory, on_exit)
        with self._lock:
            self._expected.append(expected)
        future.add_done_callback(lambda _: self._forget(expected))
        # After it is expected: what ends from now on is seen by the thread, what ended before is seen here.
        if record := self._records.get(container_id) or self._read(expected):
            resolve(record)
        return future

    def keep(self, container_id: str, read_out_of_memory: Callable[[], bool | None]) -> None:
        """Remember the container's exit from now on, until it is to be forgotten. Kept already: nothing changes."""

        def on_exit(record: ExitRecord) -> None:
            self._records[container_id] = record

        expected = _Expected(container_id, read_out_of_memory, on_exit)
        with self._lock:
            if container_id in self._kept:
                return
            self._kept[container_id] = expected
            self._expected.append(expected)
        if record := self._read(expected):
            on_exit(record)

    def forget(self, container_id: str) -> None:
        with self._lock:
            if expected := self._kept.pop(container_id, None):
                self._expected.remove(expected)
        self._records.pop(container_id, None)

    def _forget(self, expected: _Expected) -> None:
        with self._lock:
            self._expected.remove(expected)

    def _run(self) -> None:
        said = ""
        while True:
            try:
                if self._watch():
                    return
                said = ""
            except OSError as error:
                watch_errors.inc()
                if str(error) != said:
                    said = str(error)
                    log.warning("exits_not_watched", directory=str(self.directory), error=said)
            self._is_watching.clear()
            if self._is_woken(_RETRY_SECONDS):
                return

    def _watch(self) -> bool:
        """Read events until woken (True) or until the directory is gone (False)."""
        self.directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        with INotify() as inotify:
            inotify.add_watch(self.directory, flags.CLOSE_WRITE | flags.MOVED_TO | flags.DELETE_SELF)
            self._is_watching.set()
            self._tell(None)
            while not self._is_woken(None, inotify.fileno()):
                for event in inotify.read(timeout=0):
                    if event.mask & (flags.DELETE_SELF | flags.IGNORED):
                        return False
                    if event.mask & flags.Q_OVERFLOW:
                        self._tell(None)
                    self._tell(event.name)
        return True

    def _is_woken(self, timeout_seconds: float | None, *others: int) -> bool:
        if self._wake is None:
            return True
        ready, _, _ = select.select([self._wake[0], *others], [], [], timeout_seconds)
        return self._wake[0] in ready

    def _tell(self, container_id: str | None) -> None:
        """Read one container's exit, or everyone's, for those who wait."""
        with self._lock:
            waiting = [one for one in self._expected if container_id in {None, one.container_id}]
        for expected in waiting:
            if record := self._read(expected):
                expected.on_exit(record)

    def _read(self, expected: _Expected) -> ExitRecord | None:
        file = self.directory / expected.container_id
        try:
            # Before the exit code: the control group is removed soon.
            out_of_memory = expected.read_out_of_memory()
            with file.open() as exit_file:
                text = exit_file.read().strip()
                ended_at = os.fstat(exit_file.fileno()).st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            watch_errors.inc()
            log.warning("exit_unreadable", container_id=expected.container_id, error=str(error))
            return None
        if not text:
            return None
        return ExitRecord(int(text), datetime.fromtimestamp(ended_at, UTC), out_of_memory)
