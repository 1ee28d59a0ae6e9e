"""Tells viewers of runs what has changed: one subscription on the bus, one reading of the database, for all of them."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable

import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import DatabaseError
from tisktask_logstream import run_view
from tisktask_logstream.live.sse import HEARTBEAT, HEARTBEAT_SECONDS, frame, heard
from tisktask_logstream.run_view import Run
from tisktask_logstream.store import Store

log = structlog.get_logger()

GATHER_SECONDS = 0.1
_LOOK_SECONDS = 1.0
_RUNS_AT_ONCE = 100
_CHANGED_MAX = 10_000
_WAITING_MAX = 200

events_heard = Counter("tisktask_run_events_heard_total", "Events about runs and jobs heard from the bus")

#: Makes the frame of a run: JSON for the API, HTML for the pages.
Encoder = Callable[[Run], bytes]


def run_as_json(run: Run) -> bytes:
    return frame("run", run.model_dump_json(), run.revision)


class _Update:
    """A changed run; encoded once for all viewers of a kind."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._encoded: dict[Encoder, bytes] = {}

    def encode(self, encoder: Encoder) -> bytes:
        if encoder not in self._encoded:
            self._encoded[encoder] = encoder(self.run)
        return self._encoded[encoder]


class _Viewer:
    """What one viewer has not been told yet: the newest of each run; too much of it becomes "load again"."""

    def __init__(self, is_wanted: Callable[[Run], bool]) -> None:
        self._is_wanted = is_wanted
        self.waiting: OrderedDict[str, _Update] = OrderedDict()
        self.must_reload = False
        self.news = asyncio.Event()

    def tell(self, update: _Update) -> None:
        if not self._is_wanted(update.run):
            return
        self.waiting[update.run.id] = update
        if len(self.waiting) > _WAITING_MAX:
            self.tell_reload()
        self.news.set()

    def tell_reload(self) -> None:
        self.waiting.clear()
        self.must_reload = True
        self.news.set()


class RunFeed:
    """Hears events of runs and jobs, reads the changed runs, passes them on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed: OrderedDict[str, None] = OrderedDict()
        self._wake = asyncio.Event()
        self._viewers: set[_Viewer] = set()

    async def run(self, bus: Bus) -> None:
        for subject in ("run.>", "job.>"):
            await bus.client.subscribe(subject, cb=self._hear)
        reconnects = bus.client.stats["reconnects"]
        while True:
            if await heard(self._wake, _LOOK_SECONDS):
                await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            if bus.client.stats["reconnects"] != reconnects:
                # What was said in between is not known.
                reconnects = bus.client.stats["reconnects"]
                self._reload_all()
            await self._pass_on()

    async def frames_of_all(self, repository: str | None, encode: Encoder = run_as_json) -> AsyncGenerator[bytes, None]:
        """Yield every change of runs (of one repository) from now on; `reload` if some could not be told."""
        async for frames in self._listen(encode, lambda run: repository in {None, "", run.repository}):
            yield frames

    async def frames_of_one(self, run_id: str, encode: Encoder = run_as_json) -> AsyncGenerator[bytes, None]:
        """Yield a run as it is now, then at each change."""
        async for frames in self._listen(encode, lambda run: run.id == run_id, first=run_id):
            yield frames

    async def _listen(
        self, encode: Encoder, is_wanted: Callable[[Run], bool], first: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        viewer = _Viewer(is_wanted)
        self._viewers.add(viewer)
        try:
            yield HEARTBEAT
            for run in await run_view.get_runs(self._store, [first]) if first else []:
                yield encode(run)
            while True:
                if not await heard(viewer.news, HEARTBEAT_SECONDS):
                    yield HEARTBEAT
                    continue
                viewer.news.clear()
                if viewer.must_reload:
                    viewer.must_reload = False
                    yield frame("reload", {})
                while viewer.waiting:
                    _, update = viewer.waiting.popitem(last=False)
                    yield update.encode(encode)
        finally:
            self._viewers.discard(viewer)

    async def _hear(self, message: Msg) -> None:
        events_heard.inc()
        try:
            run = json.loads(message.data)["run_id"]
        except (ValueError, KeyError, TypeError) as error:
            log.warning("event_not_understood", subject=message.subject, error=repr(error))
            return
        if self._viewers and isinstance(run, str):
            self._changed[run] = None
            if len(self._changed) > _CHANGED_MAX:
                self._changed.clear()
                self._reload_all()
            self._wake.set()

    async def _pass_on(self) -> None:
        while self._changed:
            ids = list(self._changed)[:_RUNS_AT_ONCE]
            # Taken out before the reading: what changes meanwhile is read again.
            for run_id in ids:
                del self._changed[run_id]
            try:
                runs = await run_view.get_runs(self._store, ids)
            except DatabaseError as error:
                log.warning("changed_runs_not_read", runs=len(ids), error=error.message)
                self._changed.update(dict.fromkeys(ids))
                return
            for run in sorted(runs, key=lambda run: run.id):
                update = _Update(run)
                for viewer in self._viewers:
                    viewer.tell(update)

    def _reload_all(self) -> None:
        for viewer in self._viewers:
            viewer.tell_reload()
