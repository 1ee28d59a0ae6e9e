"""Starts the programs of one runner host, each of them once, whatever becomes of Podman meanwhile."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from tisktask_runner.engine.cgroup import KillCount
from tisktask_runner.engine.container_state import ContainerState, container_state
from tisktask_runner.engine.exits import ExitWatcher
from tisktask_runner.engine.libpod import EngineError, Libpod, LibpodError
from tisktask_runner.engine.model import NotStarted, Pod, Started
from tisktask_runner.engine.patience import when_back
from tisktask_runner.engine.start_container import start_container
from tisktask_runner.engine.start_errors import not_started
from tisktask_runner.engine.unseen_start import unseen_starts, was_started_unseen

log = structlog.get_logger()

#: A start that a killed process had asked for may still be on its way.
_START_IN_FLIGHT_SECONDS = 1.0


@dataclass
class Starter:
    """Starts programs, and remembers when."""

    libpod: Libpod
    exits: ExitWatcher
    #: Starts at once.
    slots: asyncio.Semaphore
    #: Made by this process and not started yet: no need to ask whether they run.
    _fresh: set[str] = field(default_factory=set[str])
    _started_at: dict[str, datetime] = field(default_factory=dict[str, datetime])

    def note_fresh(self, container_id: str) -> None:
        self._fresh.add(container_id)

    def started_at(self, pod: Pod) -> datetime | None:
        """The time of its start; None: it was started by another process."""
        return self._started_at.get(pod.container_id)

    def forget(self, pod: Pod) -> None:
        self._fresh.discard(pod.container_id)
        self._started_at.pop(pod.container_id, None)
        self.exits.forget(pod.container_id)

    async def start(self, pod: Pod, kills: KillCount) -> Started | NotStarted:
        """Execute the program. Never a second time: a pod that runs or has ended is `Started`.

        A Podman that dies meanwhile is asked when it is back. What it does not know then it never will: it would
        clean up such a program's exit code without a look, so the code is kept from the beginning.
        """
        self.exits.keep(pod.container_id, kills.read)
        is_unseen = False
        try:
            started = await when_back(lambda: self._start(pod))
            is_unseen = started is None
        finally:
            if not is_unseen:
                self.exits.forget(pod.container_id)
        if started is not None:
            return started
        unseen_starts.inc()
        log.warning("start_unseen_by_podman", pod_id=pod.pod_id, container_id=pod.container_id)
        return Started(self._started_at.setdefault(pod.container_id, datetime.now(UTC)))

    async def _start(self, pod: Pod) -> Started | NotStarted | None:
        """None: it was started, and Podman does not know it."""
        if pod.container_id not in self._fresh:
            state = await self._settled_state(pod)
            if not state.never_started:
                return Started(state.started_at or datetime.now(UTC))
            if await was_started_unseen(self.libpod, pod, state):
                return None
        self._fresh.discard(pod.container_id)
        async with self.slots:
            try:
                await start_container(self.libpod, pod)
            except LibpodError as error:
                if outcome := not_started(error.cause):
                    return outcome
                # An earlier start that was on its way for long is in the way of this one.
                state = await container_state(self.libpod, pod.container_id)
                if state and state.is_made and await was_started_unseen(self.libpod, pod, state):
                    return None
                raise
        started_at = datetime.now(UTC)
        self._started_at[pod.container_id] = started_at
        return Started(started_at)

    async def _settled_state(self, pod: Pod) -> ContainerState:
        state = await container_state(self.libpod, pod.container_id)
        if state and state.never_started:
            await asyncio.sleep(_START_IN_FLIGHT_SECONDS)
            state = await container_state(self.libpod, pod.container_id)
        if state is None:
            raise EngineError(f"the pod {pod.pod_id[:12]} can not be started: its container was removed")
        return state
