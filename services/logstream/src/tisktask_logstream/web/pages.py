"""The pages, and their fragments that are sent again as things change."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from pydantic import Field

from tisktask_common.ids import JobId, RunId
from tisktask_common.orders import CancelJob, CancelRun
from tisktask_logstream import run_view
from tisktask_logstream.api.jobs import Records
from tisktask_logstream.api.models import RunsQuery, Strict, WhoseLog
from tisktask_logstream.api.requests import read_query
from tisktask_logstream.api.runs import ACTOR, PATIENCE_SECONDS
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.live.run_feed import RunFeed
from tisktask_logstream.live.sse import Seats
from tisktask_logstream.rows import JobRecord, ScheduleRecord
from tisktask_logstream.run_view import RunDetail
from tisktask_logstream.store import RunFilter
from tisktask_logstream.web.run_fragments import JobFragments, RunFragments
from tisktask_logstream.web.templates import FOLDER, Templates

RUNS_ON_A_PAGE = 50


class FoldQuery(Strict):
    """Which fold of a run's page was opened."""

    parent: str = Field(default="", max_length=64)
    after: int = Field(default=0, ge=0, le=1_000_000)


@dataclass(frozen=True)
class Live:
    """What viewers are told with."""

    feed: RunFeed
    seats: Seats


class PageRoutes:
    """Runs, a run, a job's log, repositories, runners."""

    def __init__(self, templates: Templates, folder: Path, records: Records, bus: BusLink, live: Live) -> None:
        self._templates = templates
        self._folder = folder
        self._runs = RunFragments(templates)
        self._store = records.store
        self._logs = records.logs
        self._bus = bus
        self._feed = live.feed
        self._seats = live.seats

    def add_to(self, app: web.Application) -> None:
        router = app.router
        router.add_get("/", self.show_runs)
        router.add_get("/live/runs", self.stream_rows)
        router.add_get("/runs/{id}", self.show_run)
        router.add_get("/live/runs/{id}", self.stream_run)
        router.add_get("/live/runs/{id}/jobs", self.unfold_jobs)
        router.add_get("/live/runs/{id}/annotations", self.unfold_annotations)
        router.add_post("/runs/{id}/cancel", self.cancel_run)
        router.add_get("/jobs/{id}", self.show_job)
        router.add_get("/live/jobs/{id}", self.stream_job)
        router.add_post("/jobs/{id}/cancel", self.cancel_job)
        router.add_get("/repositories", self.show_repositories)
        router.add_get("/runners", self.show_runners)
        router.add_static("/static", FOLDER / "static")

    def problem(self, request: web.Request, status: int, message: str) -> web.Response:
        # A button was pressed on the page of a run, a job or a repository: its address begins with that of the page.
        page = "/".join(request.path.split("/")[:3])
        back = page if request.method == "POST" and page.startswith(("/runs/", "/jobs/", "/repositories/")) else ""
        return self._templates.page("problem.html", status=status, code=status, message=message, back=back)

    async def show_runs(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, RunsQuery)
        states = query.state.split(",") if query.state else None
        wanted = RunFilter(query.repository or None, query.sha, states, query.after, RUNS_ON_A_PAGE + 1)
        runs = await run_view.list_runs(self._store, wanted)
        return self._templates.page(
            "runs.html",
            runs=runs[:RUNS_ON_A_PAGE],
            next=runs[RUNS_ON_A_PAGE - 1].id if len(runs) > RUNS_ON_A_PAGE else None,
            query=query,
            repositories=await self._store.list_repositories(),
        )

    async def show_run(self, request: web.Request) -> web.StreamResponse:
        return await _html(self._runs.page, await self._run(request))

    async def show_job(self, request: web.Request) -> web.StreamResponse:
        found = await run_view.get_job_in_run(self._store, request.match_info["id"])
        fragments = self._fragments_of(found.job, request)
        return await _html(fragments.page, found, await self._logs.get_deletion(fragments.shown.job))

    async def unfold_jobs(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, FoldQuery)
        return await _html(self._runs.jobs, await self._run(request), query.parent, query.after)

    async def unfold_annotations(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, FoldQuery)
        return await _html(self._runs.notes, await self._run(request), query.after)

    async def show_repositories(self, _request: web.Request) -> web.StreamResponse:
        schedules: defaultdict[str, list[ScheduleRecord]] = defaultdict(list)
        for schedule in await self._store.list_schedules():
            schedules[schedule.repository_id].append(schedule)
        return self._templates.page(
            "repositories.html", repositories=await self._store.list_repositories(), schedules=schedules
        )

    async def show_runners(self, _request: web.Request) -> web.StreamResponse:
        return self._templates.page("runners.html", runners=await self._store.list_runners())

    async def cancel_run(self, request: web.Request) -> web.StreamResponse:
        run = RunId(request.match_info["id"])
        await self._bus.request(CancelRun(run_id=run, actor=ACTOR), PATIENCE_SECONDS)
        return web.Response(status=303, headers={"Location": f"/runs/{run}"})

    async def cancel_job(self, request: web.Request) -> web.StreamResponse:
        job = JobId(request.match_info["id"])
        await self._bus.request(CancelJob(job_id=job, actor=ACTOR), PATIENCE_SECONDS)
        return web.Response(status=303, headers={"Location": f"/jobs/{job}"})

    async def stream_rows(self, request: web.Request) -> web.StreamResponse:
        frames = self._feed.frames_of_all(request.query.get("repository"), self._runs.row)
        return await self._seats.serve(request, frames)

    async def stream_run(self, request: web.Request) -> web.StreamResponse:
        run = request.match_info["id"]
        await run_view.require_run(self._store, run)
        return await self._seats.serve(request, self._feed.frames_of_run(run, self._runs.parts))

    async def stream_job(self, request: web.Request) -> web.StreamResponse:
        job = await run_view.get_job(self._store, request.match_info["id"])
        encode = self._fragments_of(job, request).parts
        return await self._seats.serve(request, self._feed.frames_of_job(job.run_id, job.id, encode))

    async def _run(self, request: web.Request) -> RunDetail:
        return await run_view.get_run(self._store, request.match_info["id"])

    def _fragments_of(self, job: JobRecord, request: web.Request) -> JobFragments:
        query = read_query(request, WhoseLog)
        attempt = query.attempt or run_view.newest_begun(job)
        return JobFragments(self._templates, self._folder, run_view.log_name(job, attempt, query.container))


async def _html(render: Callable[..., str], *values: object) -> web.Response:
    """Render beside the event loop: a run may be large, and what its jobs have written long."""
    return web.Response(text=await asyncio.to_thread(render, *values), content_type="text/html")
