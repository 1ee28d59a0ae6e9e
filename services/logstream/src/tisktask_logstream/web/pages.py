"""The pages, and their fragments that are sent again as things change."""

from collections.abc import Callable

from aiohttp import web

from tisktask_common.ids import JobId, RunId
from tisktask_common.rpc import CancelJob, CancelRun
from tisktask_logstream import run_view
from tisktask_logstream.api.models import RunsQuery
from tisktask_logstream.api.requests import read_query
from tisktask_logstream.api.runs import ACTOR, PATIENCE_SECONDS
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.live.run_feed import RunFeed
from tisktask_logstream.live.sse import Seats, frame
from tisktask_logstream.run_view import Run
from tisktask_logstream.store import RunFilter, Store
from tisktask_logstream.web.templates import FOLDER, Templates

RUNS_ON_A_PAGE = 50


class PageRoutes:
    """Runs, a run, a job's log, repositories, runners."""

    def __init__(self, templates: Templates, store: Store, bus: BusLink, feed: RunFeed, seats: Seats) -> None:
        self._templates = templates
        self._store = store
        self._bus = bus
        self._feed = feed
        self._seats = seats

    def add_to(self, app: web.Application) -> None:
        router = app.router
        router.add_get("/", self.show_runs)
        router.add_get("/live/runs", self.stream_rows)
        router.add_get("/runs/{id}", self.show_run)
        router.add_get("/live/runs/{id}", self.stream_run)
        router.add_post("/runs/{id}/cancel", self.cancel_run)
        router.add_get("/jobs/{id}", self.show_job)
        router.add_get("/live/jobs/{id}", self.stream_job)
        router.add_post("/jobs/{id}/cancel", self.cancel_job)
        router.add_get("/repositories", self.show_repositories)
        router.add_get("/runners", self.show_runners)
        router.add_static("/static", FOLDER / "static")

    def problem(self, _request: web.Request, status: int, message: str) -> web.Response:
        return self._templates.page("problem.html", status=status, code=status, message=message)

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
        run = await run_view.get_run(self._store, request.match_info["id"])
        return self._templates.page("run.html", run=run)

    async def show_job(self, request: web.Request) -> web.StreamResponse:
        job = await run_view.get_job(self._store, request.match_info["id"])
        run = await run_view.get_run(self._store, job.run_id)
        asked = request.query.get("attempt", "")
        name = run_view.log_name(job, int(asked) if asked.isdecimal() and 0 < len(asked) < 7 else None)
        return self._templates.page("job.html", run=run, job=job, attempt=name.attempt, newest=max(1, job.attempt))

    async def show_repositories(self, _request: web.Request) -> web.StreamResponse:
        return self._templates.page("repositories.html", repositories=await self._store.list_repositories())

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
        frames = self._feed.frames_of_all(request.query.get("repository"), self._row_frame)
        return await self._seats.serve(request, frames)

    async def stream_run(self, request: web.Request) -> web.StreamResponse:
        frames = self._feed.frames_of_one(request.match_info["id"], self._run_frame)
        return await self._seats.serve(request, frames)

    async def stream_job(self, request: web.Request) -> web.StreamResponse:
        job = await run_view.get_job(self._store, request.match_info["id"])
        frames = self._feed.frames_of_one(job.run_id, self._job_encoder(job.id))
        return await self._seats.serve(request, frames)

    def _row_frame(self, run: Run) -> bytes:
        return _html_frame(run, f"row-{run.id}", self._templates.render("_run_row.html", run=run))

    def _run_frame(self, run: Run) -> bytes:
        return _html_frame(run, "run", self._templates.render("_run.html", run=run))

    def _job_encoder(self, job_id: str) -> Callable[[Run], bytes]:
        def encode(run: Run) -> bytes:
            jobs = [*run.jobs, *([run.preparation] if run.preparation else [])]
            job = next(job for job in jobs if job.id == job_id)
            return _html_frame(run, "job", self._templates.render("_job.html", run=run, job=job))

        return encode


def _html_frame(run: Run, element: str, html: str) -> bytes:
    return frame("html", {"id": element, "html": html}, run.revision)
