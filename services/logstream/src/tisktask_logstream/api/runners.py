"""Operations on runners: who is there, and who is to take work."""

from aiohttp import web

from tisktask_common.runner_pauses import PauseRunner
from tisktask_logstream.api.models import Done, ReplicaQuery, RunnerList
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import read_query
from tisktask_logstream.api.runs import PATIENCE_SECONDS
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.store import Store


class RunnerRoutes:
    """Lists, pauses and resumes runners."""

    def __init__(self, store: Store, bus: BusLink) -> None:
        self._store = store
        self._bus = bus

    def operations(self) -> list[Operation]:
        pause, resume = "Let a runner take no new jobs", "Let a runner take jobs again"
        return [
            Operation("GET", "/runners", self.list_runners, "Runner processes", RunnerList),
            Operation("POST", "/runners/{host}/pause", self.pause_runner, pause, Done, ReplicaQuery, errors=(404,)),
            Operation("POST", "/runners/{host}/resume", self.resume_runner, resume, Done, ReplicaQuery),
        ]

    async def list_runners(self, _request: web.Request) -> web.StreamResponse:
        return json_answer(RunnerList(items=await self._store.list_runners()))

    async def pause_runner(self, request: web.Request) -> web.StreamResponse:
        return await self._order(request, is_paused=True)

    async def resume_runner(self, request: web.Request) -> web.StreamResponse:
        return await self._order(request, is_paused=False)

    async def _order(self, request: web.Request, *, is_paused: bool) -> web.StreamResponse:
        replica = read_query(request, ReplicaQuery).replica
        order = PauseRunner(runner=request.match_info["host"], replica=replica, is_paused=is_paused)
        reply = await self._bus.request(order, PATIENCE_SECONDS)
        return json_answer(Done(accepted=reply.accepted, reason=reply.reason))
