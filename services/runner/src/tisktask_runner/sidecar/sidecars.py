"""All containers beside one job: what the commands of its socket call."""

import asyncio
import shutil
from dataclasses import dataclass
from itertools import chain, count

import structlog
from prometheus_client import Counter

from tisktask_common.errors import ConflictError, InfrastructureError, NotFoundError, TisktaskError
from tisktask_runner.engine.model import Exit
from tisktask_runner.sidecar import words
from tisktask_runner.sidecar.bring_up import bring_up
from tisktask_runner.sidecar.errors import SidecarLimitError
from tisktask_runner.sidecar.means import SidecarMeans
from tisktask_runner.sidecar.order import SidecarOrder, name_after
from tisktask_runner.sidecar.own_log import compile_pattern, read_tail
from tisktask_runner.sidecar.readiness import wait_until_ready
from tisktask_runner.sidecar.records import SidecarPlace, new_record
from tisktask_runner.sidecar.sidecar import Sidecar

log = structlog.get_logger()

sidecars_started = Counter("tisktask_sidecars_total", "Containers that jobs have started beside them")

#: With its job's end a container has no more work that could be lost.
_GRACE_AT_END_SECONDS = 2.0
#: Then the removal of the pod ends it.
_END_SECONDS_MAX = 15.0


@dataclass(frozen=True)
class SidecarSummary:
    """A container as its job sees it."""

    name: str
    image: str
    #: starting, running, ended, stopped
    state: str
    exit_code: int | None


class Sidecars:
    """The containers beside one job. `run` tends them; the other calls may be made at any time while it runs."""

    def __init__(self, means: SidecarMeans) -> None:
        self._means = means
        self._sidecars: dict[str, Sidecar] = {}
        self._starts: dict[str, asyncio.Task[TisktaskError | None]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._is_closed = asyncio.Event()
        self._is_ending = False
        self._search_turn = asyncio.Lock()
        for place in self._places():
            if record := place.read():
                self._sidecars[record.name] = Sidecar(means, record, is_adopted=True)

    def _places(self) -> list[SidecarPlace]:
        folder = self._means.folder
        return [SidecarPlace(path) for path in sorted(folder.iterdir())] if folder.is_dir() else []

    async def run(self) -> None:
        """Tend them, also those that another process has started, until they are given up and their logs are sent."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for sidecar in self._sidecars.values():
                if sidecar.record.is_started:
                    self._tend(sidecar)
            try:
                await self._is_closed.wait()
            finally:
                self._tasks = None
                await self._cancel_starts()

    async def spawn(self, order: SidecarOrder) -> str:
        """Have a container started, and ready if asked; returns its name. The same order again: the same container."""
        if self._is_ending:
            raise ConflictError(words.job_ending())
        self._check(order)
        sidecar = self._known(order) or self._add(order)
        name = sidecar.record.name
        if not sidecar.record.is_started and name not in self._starts:
            self._starts[name] = asyncio.create_task(self._start(sidecar, order))
        if start := self._starts.get(name):
            # Whoever asked may go away: the start is brought to its end, for who asks again.
            await asyncio.wait({start})
            if start.cancelled():
                raise ConflictError(words.was_stopped(name))
            if failure := start.result():
                raise failure
        await wait_until_ready(self._means.engine, sidecar, order.readiness, self._search_turn)
        return name

    async def stop(self, name: str, grace_seconds: float) -> None:
        """End a container; one that has ended already is well."""
        sidecar = self._get(name)
        if start := self._starts.get(name):
            start.cancel()
            await asyncio.wait({start})
        if not sidecar.record.is_started:
            await self._forget(sidecar)
            return
        sidecar.note(is_stopped=True)
        if sidecar.runs:
            await sidecar.stop(grace_seconds)
            await sidecar.is_over.wait()

    async def read_log(self, name: str, lines: int) -> str:
        return await asyncio.to_thread(read_tail, self._get(name).place.output_log, lines)

    def summaries(self) -> list[SidecarSummary]:
        """All that were asked for, in that order."""
        return [_summary(sidecar) for sidecar in self._sidecars.values()]

    async def end(self) -> None:
        """End all, for the job has ended: their pod may be removed then."""
        self._is_ending = True
        await self._cancel_starts()
        running = [sidecar for sidecar in self._sidecars.values() if sidecar.runs]
        ends = await asyncio.gather(*(self._end(sidecar) for sidecar in running), return_exceptions=True)
        for failure in ends:
            if isinstance(failure, BaseException):
                # The removal of the pod ends what is left.
                log.warning("container_not_stopped", error=str(failure))

    def close(self) -> None:
        """Wait for no end any more, for the pod is removed: `run` ends when all logs are sent."""
        for sidecar in self._sidecars.values():
            if sidecar.record.is_started:
                sidecar.give_up()
        self._is_closed.set()

    async def _cancel_starts(self) -> None:
        starts = list(self._starts.values())
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)

    async def _end(self, sidecar: Sidecar) -> None:
        async with asyncio.timeout(_END_SECONDS_MAX):
            await sidecar.stop(_GRACE_AT_END_SECONDS)
            await sidecar.is_over.wait()

    def _check(self, order: SidecarOrder) -> None:
        if order.readiness.pattern:
            compile_pattern(order.readiness.pattern)
        most_bytes = self._means.spec.limits.memory_bytes
        if most_bytes and order.memory_bytes > most_bytes:
            raise SidecarLimitError(words.too_much_memory(order.memory_bytes, most_bytes))

    def _known(self, order: SidecarOrder) -> Sidecar | None:
        """Find what was asked for before: by its name, or by the request's."""
        sidecar = self._sidecars.get(order.name) if order.name else self._of_request(order.request_id)
        if sidecar and not sidecar.record.describes(order):
            raise ConflictError(words.other_description(sidecar.record.name))
        if sidecar and sidecar.record.is_stopped:
            raise ConflictError(words.was_stopped(sidecar.record.name))
        return sidecar

    def _of_request(self, request_id: str) -> Sidecar | None:
        same = (one for one in self._sidecars.values() if one.record.request_id == request_id)
        return next(same, None) if request_id else None

    def _add(self, order: SidecarOrder) -> Sidecar:
        most = self._means.sidecars_max
        if len(self._sidecars) >= most:
            raise SidecarLimitError(words.too_many(most))
        record = new_record(order.name or self._free_name(name_after(order.image)), order)
        place = self._means.place(record.name)
        try:
            place.path.mkdir(parents=True)
            place.write(record)
        except OSError:
            # When there is room again, nothing may be in the way of the same name.
            shutil.rmtree(place.path, ignore_errors=True)
            raise
        sidecar = self._sidecars[record.name] = Sidecar(self._means, record, is_adopted=False)
        return sidecar

    def _free_name(self, front: str) -> str:
        names = chain([front], (f"{front}-{number}" for number in count(2)))
        return next(name for name in names if name not in self._sidecars)

    async def _start(self, sidecar: Sidecar, order: SidecarOrder) -> TisktaskError | None:
        """Start it and tend it; what went wrong is for whoever asked, and its name is free again."""
        name = sidecar.record.name
        try:
            await bring_up(self._means, sidecar, order)
            sidecars_started.inc()
            log.info("container_started", container=name, image=order.image)
        except TisktaskError as error:
            await self._forget(sidecar)
            return error
        finally:
            self._starts.pop(name, None)
            # Also of one that was cancelled at the last moment: it may be started already.
            if name in self._sidecars and sidecar.record.is_started:
                self._tend(sidecar)
        return None

    def _tend(self, sidecar: Sidecar) -> None:
        # Without: this process is leaving, and the next one tends it.
        if self._tasks:
            self._tasks.create_task(sidecar.tend())

    async def _forget(self, sidecar: Sidecar) -> None:
        self._sidecars.pop(sidecar.record.name, None)
        try:
            if sidecar.record.container_id:
                await self._means.engine.remove(sidecar.pod)
        except InfrastructureError as error:
            # It is removed with its pod.
            log.warning("container_not_removed", container=sidecar.record.name, error=error.message)
        await asyncio.to_thread(shutil.rmtree, sidecar.place.path, ignore_errors=True)

    def _get(self, name: str) -> Sidecar:
        if sidecar := self._sidecars.get(name):
            return sidecar
        raise NotFoundError(words.no_such(name, list(self._sidecars)))


def _summary(sidecar: Sidecar) -> SidecarSummary:
    record = sidecar.record
    state = "running" if record.is_started else "starting"
    if sidecar.is_over.is_set():
        state = "stopped" if record.is_stopped else "ended"
    exit_code = sidecar.end.exit_code if isinstance(sidecar.end, Exit) else None
    return SidecarSummary(record.name, record.image, state, exit_code)
