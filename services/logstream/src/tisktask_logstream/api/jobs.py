"""Operations on jobs, and their logs."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from tisktask_common.errors import NotFoundError, UserError
from tisktask_common.ids import JobId
from tisktask_common.orders import CancelJob
from tisktask_logstream import run_view, words
from tisktask_logstream.api.models import Done, Gap, Job, Lines, LogQuery, StreamQuery, WhoseLog
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import BadRequestError, read_query
from tisktask_logstream.api.runs import ACTOR, PATIENCE_SECONDS
from tisktask_logstream.archive.containers import list_container_logs
from tisktask_logstream.archive.extent import Extent
from tisktask_logstream.archive.files import LogFiles
from tisktask_logstream.archive.library import Library
from tisktask_logstream.archive.line_json import lines_json
from tisktask_logstream.archive.log_store import LogStore
from tisktask_logstream.archive.reading import read_lines
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.live.follow import LogFollower
from tisktask_logstream.live.sse import Seats
from tisktask_logstream.log_names import LogName
from tisktask_logstream.run_view import Container
from tisktask_logstream.store import Store

DEFAULT_LINES = 1000
_TEXT = "text/plain"


class LogDeletedError(UserError):
    """There was a log, and it was deleted."""

    code = "log_deleted"


@dataclass(frozen=True)
class Records:
    """What is known of jobs, and of their logs."""

    store: Store
    logs: LogStore


class JobRoutes:
    """Shows and cancels jobs; gives their logs whole, in ranges, from the tail, and live."""

    def __init__(self, records: Records, bus: BusLink, library: Library, follower: LogFollower, seats: Seats) -> None:
        self._store = records.store
        self._logs = records.logs
        self._bus = bus
        self._library = library
        self._follower = follower
        self._seats = seats

    def operations(self) -> list[Operation]:
        events = "text/event-stream"
        return [
            Operation("GET", "/jobs/{id}", self.get_job, "One job with its attempts", Job, errors=(404,)),
            Operation("POST", "/jobs/{id}/cancel", self.cancel_job, "End a job", Done, errors=(404, 409)),
            Operation("GET", "/jobs/{id}/log", self.get_log, "A log", Lines, LogQuery, errors=(404, 410), also=_TEXT),
            Operation(
                "GET", "/jobs/{id}/log/stream", self.stream_log, "A log live", events, StreamQuery, errors=(404, 410)
            ),
        ]

    async def get_job(self, request: web.Request) -> web.StreamResponse:
        job = await run_view.get_job(self._store, request.match_info["id"])
        ran = run_view.log_name(job, None)
        attempts = await self._store.list_attempts(ran.job)
        logs = await asyncio.to_thread(list_container_logs, self._library.folder, ran.run, ran.job)
        containers = [Container(name=log.container, attempt=log.attempt) for log in logs]
        retries = await self._store.get_retries(ran.job)
        deleted_at = await self._logs.get_deletion(ran.job)
        return json_answer(
            Job(**dict(job), attempts=attempts, retries=retries, containers=containers, logs_deleted_at=deleted_at)
        )

    async def cancel_job(self, request: web.Request) -> web.StreamResponse:
        job = JobId(request.match_info["id"])
        reply = await self._bus.request(CancelJob(job_id=job, actor=ACTOR), PATIENCE_SECONDS)
        return json_answer(Done(accepted=reply.accepted, reason=reply.reason))

    async def get_log(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, LogQuery)
        name = await self._name(request, query)
        if query.from_line is None and query.lines is None and query.tail is None:
            return await self._whole(name)
        if query.tail is not None and (query.from_line is not None or query.lines is not None):
            raise BadRequestError("query parameter tail: not together with from_line or lines")
        return await self._range(name, query)

    async def stream_log(self, request: web.Request) -> web.StreamResponse:
        query = read_query(request, StreamQuery)
        first = query.from_line
        if (last_id := request.headers.get("Last-Event-ID")) is not None:
            if not last_id.isdecimal() or len(last_id) > 16:
                raise BadRequestError("header Last-Event-ID: not a line number")
            first = int(last_id) + 1
        name = await self._name(request, query)
        return await self._seats.serve(request, self._follower.follow(name, first))

    async def _name(self, request: web.Request, whose: WhoseLog) -> LogName:
        job = await run_view.get_job(self._store, request.match_info["id"])
        name = run_view.log_name(job, whose.attempt, whose.container)
        if deleted_at := await self._logs.get_deletion(name.job):
            raise LogDeletedError(words.log_deleted(deleted_at))
        # A container has a log from its start on; a job's own may be waited for.
        if whose.container and not await asyncio.to_thread(name.path(self._library.folder).exists):
            raise NotFoundError(words.no_container_log(whose.container, name.attempt))
        return name

    async def _whole(self, name: LogName) -> web.StreamResponse:
        headers = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache"}
        path = name.path(self._library.folder)
        if not await asyncio.to_thread(path.exists):
            return web.Response(headers=headers)
        # It knows ranges, conditions and sendfile.
        return web.FileResponse(path, headers=headers)

    async def _range(self, name: LogName, query: LogQuery) -> web.StreamResponse:
        try:
            async with self._library.borrow(name) as opened:
                extent = opened.stored.extent
                if query.tail is not None:
                    first, count = max(1, extent.lines - query.tail + 1), query.tail
                else:
                    first, count = query.from_line or 1, query.lines or DEFAULT_LINES
                text = await asyncio.to_thread(_read, opened.stored.files, extent, first, count)
        except FileNotFoundError:
            extent, text = Extent(), "[]"
        rest = Lines(
            lines=[],
            total=extent.lines,
            complete=extent.is_complete,
            truncated=extent.is_truncated,
            gaps=[Gap(n=gap.number, missing_bytes=gap.missing_bytes) for gap in extent.gaps],
            attempt=name.attempt,
            container=name.container,
        ).model_dump_json(exclude={"lines"})
        return web.Response(text=f'{{"lines":{text},{rest[1:]}', content_type="application/json")


def _read(files: LogFiles, extent: Extent, first: int, count: int) -> str:
    return lines_json(read_lines(files, extent, first, count))
