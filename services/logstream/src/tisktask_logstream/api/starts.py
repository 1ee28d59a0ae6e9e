"""Operations on runs that people and schedules start, and on schedules."""

from typing import Any
from uuid import uuid4

from aiohttp import web

from tisktask_common.errors import NotFoundError
from tisktask_common.ids import RepositoryId
from tisktask_common.starts import (
    AddSchedule,
    ChangeSchedule,
    RemoveSchedule,
    RunSchedule,
    ScheduleTerms,
    StartMade,
    StartRun,
)
from tisktask_logstream import words
from tisktask_logstream.api.models import Done
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import read_body, read_optional_body, read_query
from tisktask_logstream.api.runs import ACTOR, PATIENCE_SECONDS
from tisktask_logstream.api.start_models import (
    NewSchedule,
    ScheduleChange,
    ScheduleList,
    ScheduleRunOrder,
    StartList,
    StartOrder,
    StartsQuery,
)
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.repository_view import require_repository
from tisktask_logstream.rows import ScheduleRecord, StartRecord
from tisktask_logstream.store import Store

_RUNS = "/repositories/{id}/runs"
_STARTS = "/repositories/{id}/starts"
_SCHEDULES = "/repositories/{id}/schedules"
_SCHEDULE = "/repositories/{id}/schedules/{name}"
_REFUSALS = (404, 409, 413, 415)


class StartRoutes:
    """Starts runs by hand."""

    def __init__(self, store: Store, bus: BusLink) -> None:
        self._store = store
        self._bus = bus

    def operations(self) -> list[Operation]:
        start = "Start a run of a branch, a tag or a commit"
        return [
            Operation(
                "POST",
                _RUNS,
                self.start_run,
                start,
                StartRecord,
                body=StartOrder,
                is_body_optional=True,
                status=202,
                errors=_REFUSALS,
            ),
            Operation(
                "GET", _STARTS, self.list_starts, "The newest wanted runs", StartList, query=StartsQuery, errors=(404,)
            ),
            Operation("GET", "/starts/{id}", self.get_start, "What became of a wanted run", StartRecord, errors=(404,)),
        ]

    async def start_run(self, request: web.Request) -> web.StreamResponse:
        wanted = await read_optional_body(request, StartOrder)
        made = await order_start(self._bus, request.match_info["id"], wanted)
        return json_answer(await find_start(self._store, made.start_id), status=202)

    async def list_starts(self, request: web.Request) -> web.StreamResponse:
        repository = (await require_repository(self._store, request.match_info["id"])).id
        limit = read_query(request, StartsQuery).limit
        return json_answer(StartList(items=await self._store.list_starts(repository, limit)))

    async def get_start(self, request: web.Request) -> web.StreamResponse:
        return json_answer(await find_start(self._store, request.match_info["id"]))


class ScheduleRoutes:
    """Lists, adds, changes, removes and runs schedules."""

    def __init__(self, store: Store, bus: BusLink) -> None:
        self._store = store
        self._bus = bus

    def operations(self) -> list[Operation]:
        run = "Start a run of a schedule now"
        return [
            Operation("GET", _SCHEDULES, self.list_schedules, "Schedules", ScheduleList, errors=(404,)),
            Operation(
                "POST",
                _SCHEDULES,
                self.add_schedule,
                "Add a schedule",
                ScheduleRecord,
                body=NewSchedule,
                status=201,
                errors=_REFUSALS,
            ),
            Operation("GET", _SCHEDULE, self.get_schedule, "One schedule", ScheduleRecord, errors=(404,)),
            Operation(
                "PATCH",
                _SCHEDULE,
                self.change_schedule,
                "Change, pause or resume a schedule",
                ScheduleRecord,
                body=ScheduleChange,
                errors=_REFUSALS,
            ),
            Operation("DELETE", _SCHEDULE, self.remove_schedule, "Remove a schedule", Done, errors=(404,)),
            Operation(
                "POST",
                f"{_SCHEDULE}/run",
                self.run_schedule,
                run,
                StartRecord,
                body=ScheduleRunOrder,
                is_body_optional=True,
                status=202,
                errors=_REFUSALS,
            ),
        ]

    async def list_schedules(self, request: web.Request) -> web.StreamResponse:
        repository = (await require_repository(self._store, request.match_info["id"])).id
        return json_answer(ScheduleList(items=await self._store.list_schedules(repository)))

    async def add_schedule(self, request: web.Request) -> web.StreamResponse:
        new = await read_body(request, NewSchedule)
        repository = RepositoryId(request.match_info["id"])
        terms = ScheduleTerms(**new.model_dump(exclude={"name"}))
        await self._bus.request(AddSchedule(repository_id=repository, name=new.name, terms=terms), PATIENCE_SECONDS)
        return json_answer(await find_schedule(self._store, repository, new.name), status=201)

    async def get_schedule(self, request: web.Request) -> web.StreamResponse:
        return json_answer(await find_schedule(self._store, *_place(request)))

    async def change_schedule(self, request: web.Request) -> web.StreamResponse:
        repository, name = _place(request)
        change = await read_body(request, ScheduleChange)
        given: dict[str, Any] = change.model_dump(exclude_none=True)
        if change.ref is None and "ref" in change.model_fields_set:
            given["ref"] = ""
        await self._bus.request(ChangeSchedule(repository_id=repository, name=name, **given), PATIENCE_SECONDS)
        return json_answer(await find_schedule(self._store, repository, name))

    async def remove_schedule(self, request: web.Request) -> web.StreamResponse:
        repository, name = _place(request)
        await find_schedule(self._store, repository, name)
        reply = await self._bus.request(RemoveSchedule(repository_id=repository, name=name), PATIENCE_SECONDS)
        return json_answer(Done(accepted=reply.accepted, reason=reply.reason))

    async def run_schedule(self, request: web.Request) -> web.StreamResponse:
        repository, name = _place(request)
        wanted = await read_optional_body(request, ScheduleRunOrder)
        made = await order_schedule_run(self._bus, repository, name, wanted.request_id or uuid4().hex)
        return json_answer(await find_start(self._store, made.start_id), status=202)


async def order_start(bus: BusLink, repository: str, wanted: StartOrder) -> StartMade:
    fields = wanted.model_dump(exclude={"request_id"})
    request_id = wanted.request_id or uuid4().hex
    order = StartRun(repository_id=RepositoryId(repository), actor=ACTOR, request_id=request_id, **fields)
    return await bus.request(order, PATIENCE_SECONDS)


async def order_schedule_run(bus: BusLink, repository: str, name: str, request_id: str) -> StartMade:
    order = RunSchedule(repository_id=RepositoryId(repository), name=name, request_id=request_id)
    return await bus.request(order, PATIENCE_SECONDS)


async def find_start(store: Store, start: str) -> StartRecord:
    found = await store.get_start(start)
    if found is None:
        raise NotFoundError(words.no_such("wanted run", start))
    return found


async def find_schedule(store: Store, repository: str, name: str) -> ScheduleRecord:
    found = next((one for one in await store.list_schedules(repository) if one.name == name), None)
    if found is None:
        raise NotFoundError(words.no_such("schedule", name))
    return found


def _place(request: web.Request) -> tuple[RepositoryId, str]:
    return RepositoryId(request.match_info["id"]), request.match_info["name"]
