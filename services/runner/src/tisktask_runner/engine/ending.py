"""How a job's program ended: what conmon wrote is the truth, then what libpod knows; else it is lost."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from tisktask_runner.engine.cgroup import KillCount, kernel_log_names
from tisktask_runner.engine.container_state import ContainerState, container_state
from tisktask_runner.engine.exits import ExitRecord, ExitWatcher
from tisktask_runner.engine.libpod import EngineAwayError, Libpod, LibpodError
from tisktask_runner.engine.model import Exit, Lost, Pod
from tisktask_runner.engine.start_errors import not_executed
from tisktask_runner.engine.unseen_start import was_started_unseen

log = structlog.get_logger()

#: The exit directory tells at once; this is for what it can not tell (a container removed by hand).
_RECHECK_SECONDS = 30.0
_RECHECK_UNWATCHED_SECONDS = 0.25
_AWAY_SECONDS = 0.5
#: conmon writes the exit code before it ends itself.
_AFTER_CONMON_SECONDS = 2.0
_START_TIME_TRIES = 10
_KILLED = 137
_SIGNALS_MAX = 64
_RUNTIME_LINE_BYTES_MAX = 1024
_ENDED = frozenset({"exited", "stopped"})


@dataclass(frozen=True)
class Ending:
    """Waits for the end of one container: a job's, or one beside it."""

    libpod: Libpod
    exits: ExitWatcher
    pod: Pod
    kills: KillCount
    #: None: it was started by another process.
    started_at: datetime | None

    async def wait(self) -> Exit | Lost:
        ended = self.exits.expect(self.pod.container_id, self.kills.read)
        try:
            while True:
                if ended.done():
                    return await self._from_record(ended.result())
                if outcome := await self._look(ended):
                    return outcome
        finally:
            ended.cancel()

    async def _look(self, ended: "asyncio.Future[ExitRecord]") -> Exit | Lost | None:
        """Ask libpod, then wait a while; None: look again."""
        try:
            return await self._ask(ended)
        except EngineAwayError:
            # conmon needs no Podman: the end comes, or Podman comes back.
            await asyncio.wait({ended}, timeout=_AWAY_SECONDS)
            return None

    async def _ask(self, ended: "asyncio.Future[ExitRecord]") -> Exit | Lost | None:
        state = await self._state_unless(ended)
        if ended.done():
            return None
        if state is None:
            return Lost("its container was removed")
        if state.is_before_start and not await was_started_unseen(self.libpod, self.pod, state):
            return _not_run(state)
        if state.has_gone_unseen:
            return await self._lost_unless(ended)
        if state.status in _ENDED:
            return await self._from_state(state)
        return await self._await_conmon(ended, state)

    async def _state_unless(self, ended: "asyncio.Future[ExitRecord]") -> ContainerState | None:
        """Ask libpod, but not longer than until the end: then libpod is busy cleaning up, and is not needed."""
        asking = asyncio.ensure_future(container_state(self.libpod, self.pod.container_id))
        await asyncio.wait({asking, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done() and not asking.done():
            asking.cancel()
            return None
        return await asking

    async def _await_conmon(self, ended: "asyncio.Future[ExitRecord]", state: ContainerState) -> Exit | Lost | None:
        seconds = _RECHECK_SECONDS if self.exits.is_watching else _RECHECK_UNWATCHED_SECONDS
        conmon = state.conmon_pid if await self.libpod.shares_processes() else 0
        async with _conmon_gone(conmon, self.pod.container_id) as gone:
            await asyncio.wait({ended, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if ended.done() or not gone.done():
                return None
        await asyncio.wait({ended}, timeout=_AFTER_CONMON_SECONDS)
        if ended.done():
            return None
        # Who stood still for long finds that libpod has cleaned up: then it knows the end.
        found = await container_state(self.libpod, self.pod.container_id)
        if found and found.status in _ENDED and found.exit_code >= 0:
            return await self._from_state(found)
        if found and found.has_gone_unseen:
            return None
        log.error("conmon_gone", container_id=self.pod.container_id)
        return Lost("the process that watched its container (conmon) was killed: its log and exit code are lost")

    async def _lost_unless(self, ended: "asyncio.Future[ExitRecord]") -> Lost | None:
        await asyncio.wait({ended}, timeout=_AFTER_CONMON_SECONDS)
        if ended.done():
            return None
        log.error("end_unseen", container_id=self.pod.container_id)
        return Lost("Podman died while it started the program, which has ended since: its exit code is lost")

    async def _from_record(self, record: ExitRecord) -> Exit:
        started_at = self.started_at or await self._ask_start_time() or record.ended_at
        return await self._exit(record.exit_code, record.out_of_memory, started_at, record.ended_at)

    async def _from_state(self, state: ContainerState) -> Exit:
        if state.started_at is None or state.finished_at is None:
            raise LibpodError("inspect", 500, f"container {self.pod.container_id} ended, but libpod knows no times")
        known = True if state.out_of_memory else None
        return await self._exit(state.exit_code, known, self.started_at or state.started_at, state.finished_at)

    async def _exit(self, code: int, out_of_memory: bool | None, started_at: datetime, ended_at: datetime) -> Exit:  # noqa: FBT001 - private, always by position
        if out_of_memory is None:
            is_suspect = code == _KILLED
            out_of_memory = is_suspect and await asyncio.to_thread(kernel_log_names, self.pod.container_id)
        reason = ""
        if not_run := not_executed(code, _only_line(self.pod.log_path)):
            code, reason = not_run.exit_code, not_run.message
        signal = code - 128 if 128 < code <= 128 + _SIGNALS_MAX else None
        # The file's time comes from a coarser clock than ours.
        return Exit(code, signal, out_of_memory, started_at, max(started_at, ended_at), reason)

    async def _ask_start_time(self) -> datetime | None:
        for _ in range(_START_TIME_TRIES):
            try:
                state = await container_state(self.libpod, self.pod.container_id)
            except EngineAwayError:
                await asyncio.sleep(_AWAY_SECONDS)
            else:
                return state.started_at if state else None
        return None


def _not_run(state: ContainerState) -> Lost:
    if state.never_started:
        return Lost("its program was never started", was_never_started=True)
    # libpod forgets the run, not the time of its start.
    return Lost("the host was restarted while it ran")


@asynccontextmanager
async def _conmon_gone(pid: int, container_id: str) -> AsyncGenerator["asyncio.Future[None]"]:
    """A future of conmon's end; never done if its process is not known here (0)."""
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    process = _open_conmon(pid, container_id) if pid else None
    if process is None:
        if pid:
            gone.set_result(None)
        yield gone
        return

    def on_gone() -> None:
        loop.remove_reader(process)
        if not gone.done():
            gone.set_result(None)

    loop.add_reader(process, on_gone)
    try:
        yield gone
    finally:
        loop.remove_reader(process)
        os.close(process)


def _open_conmon(pid: int, container_id: str) -> int | None:
    """A handle of the process; None: it has ended, and perhaps another has its number."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    try:
        is_it = container_id.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        is_it = False
    if not is_it:
        os.close(process)
        return None
    return process


def _only_line(log_path: Path) -> str:
    """The program's log if it is one short line on standard error, else nothing."""
    try:
        with log_path.open("rb") as file:
            data = file.read(_RUNTIME_LINE_BYTES_MAX + 1)
    except OSError:
        return ""
    lines = data.decode(errors="replace").splitlines()
    if len(lines) != 1 or len(data) > _RUNTIME_LINE_BYTES_MAX:
        return ""
    words = lines[0].split(" ", 3)
    return words[3] if len(words) == 4 and words[1:3] == ["stderr", "F"] else ""
