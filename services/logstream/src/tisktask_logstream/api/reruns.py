"""Operations that run again what has ended."""

from uuid import uuid4

from aiohttp import web

from tisktask_common.ids import JobId, RunId
from tisktask_common.orders import RerunJob, RerunMode, RerunRun, RunMade
from tisktask_logstream.api.models import NewRun, RerunJobOrder, RerunOrder
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import read_optional_body
from tisktask_logstream.api.runs import ACTOR, PATIENCE_SECONDS
from tisktask_logstream.bus_link import BusLink


class RerunRoutes:
    """Makes new runs of runs that have ended."""

    def __init__(self, bus: BusLink) -> None:
        self._bus = bus

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "POST",
                "/runs/{id}/rerun",
                self.rerun_run,
                "Run a run again",
                NewRun,
                body=RerunOrder,
                is_body_optional=True,
                status=201,
                errors=(404, 409, 413, 415),
            ),
            Operation(
                "POST",
                "/jobs/{id}/rerun",
                self.rerun_job,
                "Run one job of a run again",
                NewRun,
                body=RerunJobOrder,
                is_body_optional=True,
                status=201,
                errors=(404, 409, 413, 415),
            ),
        ]

    async def rerun_run(self, request: web.Request) -> web.StreamResponse:
        wanted = await read_optional_body(request, RerunOrder)
        mode = RerunMode.FAILED if wanted.failed else RerunMode.ALL
        made = await order_rerun(self._bus, request.match_info["id"], mode, wanted.request_id or uuid4().hex)
        return json_answer(NewRun(**dict(made)), status=201)

    async def rerun_job(self, request: web.Request) -> web.StreamResponse:
        wanted = await read_optional_body(request, RerunJobOrder)
        made = await order_job_rerun(self._bus, request.match_info["id"], wanted.request_id or uuid4().hex)
        return json_answer(NewRun(**dict(made)), status=201)


async def order_rerun(bus: BusLink, run: str, mode: RerunMode, request_id: str) -> RunMade:
    return await bus.request(
        RerunRun(run_id=RunId(run), mode=mode, actor=ACTOR, request_id=request_id), PATIENCE_SECONDS
    )


async def order_job_rerun(bus: BusLink, job: str, request_id: str) -> RunMade:
    return await bus.request(RerunJob(job_id=JobId(job), actor=ACTOR, request_id=request_id), PATIENCE_SECONDS)
