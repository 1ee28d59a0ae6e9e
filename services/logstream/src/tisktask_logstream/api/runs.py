"""Operations on runs."""

from aiohttp import web

from tisktask_common.ids import RunId
from tisktask_common.orders import CancelRun
from tisktask_common.run_deletion import DeleteRun
from tisktask_logstream import run_view
from tisktask_logstream.api.models import Done, RunPage, RunsQuery, RunsStreamQuery
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import read_query
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.live.run_feed import RunFeed, run_as_json
from tisktask_logstream.live.sse import Seats
from tisktask_logstream.run_view import RunDetail
from tisktask_logstream.store import RunFilter, Store

#: How long a person waits for the orchestrator.
PATIENCE_SECONDS = 8.0
#: The orchestrator asks others first, who may need the run.
DELETION_SECONDS = 20.0
ACTOR = "admin"


class RunRoutes:
    """Lists, shows, cancels and follows runs."""

    def __init__(self, store: Store, bus: BusLink, feed: RunFeed, seats: Seats) -> None:
        self._store = store
        self._bus = bus
        self._feed = feed
        self._seats = seats

    def operations(self) -> list[Operation]:
        events = "text/event-stream"
        return [
            Operation("GET", "/runs", self.list_runs, "Runs, the newest first", RunPage, RunsQuery),
            Operation("GET", "/runs/stream", self.stream_runs, "Runs as they change", events, RunsStreamQuery),
            Operation("GET", "/runs/{id}", self.get_run, "One run", RunDetail, errors=(404,)),
            Operation("GET", "/runs/{id}/stream", self.stream_run, "One run as it changes", events, errors=(404,)),
            Operation("DELETE", "/runs/{id}", self.delete_run, "Delete a run that has ended", Done, errors=(404, 409)),
            Operation("POST", "/runs/{id}/cancel", self.cancel_run, "End a run", Done, errors=(404, 409)),
        ]

    async def list_runs(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, RunsQuery)
        states = query.state.split(",") if query.state else None
        sha = query.sha.lower() if query.sha else None
        # One more than asked for tells whether there is another page.
        wanted = RunFilter(query.repository or None, sha, states, query.after, query.limit + 1)
        runs = await run_view.list_runs(self._store, wanted)
        page = runs[: query.limit]
        return json_answer(RunPage(items=page, next=page[-1].id if len(runs) > len(page) else None))

    async def get_run(self, request: web.Request) -> web.StreamResponse:
        return json_answer(await run_view.get_run(self._store, request.match_info["id"]))

    async def cancel_run(self, request: web.Request) -> web.StreamResponse:
        run = RunId(request.match_info["id"])
        reply = await self._bus.request(CancelRun(run_id=run, actor=ACTOR), PATIENCE_SECONDS)
        return json_answer(Done(accepted=reply.accepted, reason=reply.reason))

    async def delete_run(self, request: web.Request) -> web.StreamResponse:
        run = RunId(request.match_info["id"])
        await run_view.require_run(self._store, run)
        reply = await self._bus.request(DeleteRun(run_id=run, actor=ACTOR), DELETION_SECONDS)
        return json_answer(Done(accepted=reply.accepted, reason=reply.reason))

    async def stream_runs(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, RunsStreamQuery)
        return await self._seats.serve(request, self._feed.frames_of_all(query.repository, run_as_json))

    async def stream_run(self, request: web.Request) -> web.StreamResponse:
        run = request.match_info["id"]
        await run_view.require_run(self._store, run)
        return await self._seats.serve(request, self._feed.frames_of_run(run, run_as_json))
