"""Tells viewers of runs what has changed: one subscription on the bus, one reading of the database, for all of them."""

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator

import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import DatabaseError, NotFoundError
from tisktask_logstream import run_view
from tisktask_logstream.live.sse import HEARTBEAT, HEARTBEAT_SECONDS, frame, heard
from tisktask_logstream.live.viewers import Encoder, ShownT, Viewer, Viewers
from tisktask_logstream.log_names import LogName
from tisktask_logstream.run_view import JobInRun, Run, RunDetail
from tisktask_logstream.store import Store

log = structlog.get_logger()

GATHER_SECONDS = 0.1
_LOOK_SECONDS = 1.0
_RUNS_AT_ONCE = 100
_CHANGED_MAX = 10_000
#: A run is read again when this many times the last reading's time has gone by: one big run does not take it all.
_REST_TIMES = 4
#: And no sooner than this for each of its jobs: its viewers have to take in all of them, too.
_REST_SECONDS_PER_JOB = 0.001

events_heard = Counter("tisktask_run_events_heard_total", "Events about runs and jobs heard from the bus")
runs_told = Counter("tisktask_runs_told_total", "Changed runs that were read to tell their viewers")
runs_not_told = Counter("tisktask_runs_not_told_total", "Changed runs that could not be shown: see the log")


class RunFeed:
    """Hears events of runs and jobs, reads the changed runs, passes them on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed: OrderedDict[str, None] = OrderedDict()
        self._not_before: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._of_lists: Viewers[Run] = Viewers()
        self._of_runs: Viewers[RunDetail] = Viewers()
        self._of_jobs: Viewers[JobInRun] = Viewers()

    async def run(self, bus: Bus) -> None:
        for subject in ("run.>", "job.>"):
            await bus.client.subscribe(subject, cb=self._hear)
        reconnects = bus.client.stats["reconnects"]
        while True:
            if await heard(self._wake, self._rest_seconds()):
                await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            if bus.client.stats["reconnects"] != reconnects:
                # What was said in between is not known.
                reconnects = bus.client.stats["reconnects"]
                self._reload_all()
            await self._pass_on()

    async def frames_of_all(self, repository: str | None, encode: Encoder[Run]) -> AsyncGenerator[bytes, None]:
        """Yield every change of runs (of one repository) from now on; `reload` if some could not be told."""
        viewer = Viewer(encode, repository or "")
        async for frames in self._listen(viewer, self._of_lists):
            yield frames

    async def frames_of_run(self, run_id: str, encode: Encoder[RunDetail]) -> AsyncGenerator[bytes, None]:
        """Yield a run as it is now, then what has changed."""
        viewer = Viewer(encode, run_id, run_id)
        self.note_run(run_id)
        async for frames in self._listen(viewer, self._of_runs):
            yield frames

    async def frames_of_job(self, run_id: str, job_id: str, encode: Encoder[JobInRun]) -> AsyncGenerator[bytes, None]:
        """Yield a job as it is now, then what has changed."""
        viewer = Viewer(encode, job_id, run_id)
        self.note_run(run_id)
        async for frames in self._listen(viewer, self._of_jobs):
            yield frames

    def note_run(self, run_id: str) -> None:
        """Show a run (again) to all who look at it."""
        self._changed[run_id] = None
        if len(self._changed) > _CHANGED_MAX:
            self._changed.clear()
            self._reload_all()
        self._wake.set()

    def note_log(self, name: LogName) -> None:
        """Hear that a log has begun: who looks at the job is shown that a container has one."""
        if name.container and self._of_jobs.of(name.job):
            self.note_run(name.run)

    async def _listen(self, viewer: Viewer[ShownT], viewers: Viewers[ShownT]) -> AsyncGenerator[bytes, None]:
        with viewers.seated(viewer):
            yield HEARTBEAT
            while True:
                if not await heard(viewer.news, HEARTBEAT_SECONDS):
                    yield HEARTBEAT
                    continue
                for piece in viewer.take():
                    yield piece
                if viewer.has_ended:
                    return

    async def _hear(self, message: Msg) -> None:
        events_heard.inc()
        try:
            event = json.loads(message.data)
            # The run that it repeats shows it, too.
            runs = [event["run_id"], event.get("rerun_of")]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("event_not_understood", subject=message.subject, error=repr(error))
            return
        for run in runs:
            if isinstance(run, str) and self._is_looked_at(run):
                self.note_run(run)

    def _is_looked_at(self, run: str) -> bool:
        return bool(self._of_lists) or self._of_runs.any_in_run(run) or self._of_jobs.any_in_run(run)

    def _rest_seconds(self) -> float:
        """Tell how long there is nothing to do if nothing happens."""
        now = time.monotonic()
        return min([_LOOK_SECONDS, *(max(0.01, self._not_before.get(run, now) - now) for run in self._changed)])

    async def _pass_on(self) -> None:
        now = time.monotonic()
        self._not_before = {run: due for run, due in self._not_before.items() if due > now}
        due = [run for run in self._changed if run not in self._not_before]
        for first in range(0, len(due), _RUNS_AT_ONCE):
            ids = due[first : first + _RUNS_AT_ONCE]
            # Taken out before the reading: what changes meanwhile is read again.
            for run_id in ids:
                self._changed.pop(run_id, None)
            try:
                await self._tell(ids)
            except DatabaseError as error:
                log.warning("changed_runs_not_read", runs=len(ids), error=error.message)
                self._changed.update(dict.fromkeys(ids))
                return
            except Exception:
                # What jobs say of themselves must not be able to end this service.
                runs_not_told.inc(len(ids))
                log.exception("changed_runs_not_shown", runs=ids)

    async def _tell(self, ids: list[str]) -> None:
        there = {record.id for record in await self._store.get_runs(ids)}
        if self._of_lists:
            for run in sorted(await run_view.get_listed_runs(self._store, ids), key=lambda run: run.id):
                await self._of_lists.tell(run, "", run.repository)
        for run_id in ids:
            started, jobs = time.monotonic(), 0
            if run_id not in there:
                for viewers in (self._of_lists, self._of_runs, self._of_jobs):
                    viewers.tell_gone(run_id)
                continue
            if self._of_runs.of(run_id) and (run := await run_view.find_run(self._store, run_id)):
                await self._of_runs.tell(run, run_id)
                jobs = run.jobs_total
            for job_id in self._of_jobs.in_run(run_id):
                await self._tell_job(job_id)
            spent = time.monotonic() - started
            self._not_before[run_id] = started + spent + max(_REST_TIMES * spent, _REST_SECONDS_PER_JOB * jobs)
            runs_told.inc()

    async def _tell_job(self, job_id: str) -> None:
        try:
            await self._of_jobs.tell(await run_view.get_job_in_run(self._store, job_id), job_id)
        except NotFoundError as error:
            log.info("job_has_gone", job=job_id, error=error.message)

    def _reload_all(self) -> None:
        for viewers in (self._of_lists, self._of_runs, self._of_jobs):
            viewers.tell_reload()


def run_as_json(run: Run) -> list[tuple[str, bytes]]:
    """Encode a run for the API's streams."""
    return [(run.id, frame("run", run.model_dump_json(), run.revision))]
