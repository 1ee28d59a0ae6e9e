"""Operations on runs that wait for approval."""

from aiohttp import web
from pydantic import Field

from tisktask_common.approvals import ApproveRun, DeclineRun
from tisktask_common.ids import RunId
from tisktask_common.rpc import Accepted
from tisktask_logstream import run_view
from tisktask_logstream.api.models import Done, Strict
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import read_optional_body
from tisktask_logstream.api.runs import ACTOR, PATIENCE_SECONDS
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.store import Store

REASON_LENGTH_MAX = 300


class DeclineOrder(Strict):
    """Why a run is not to be run. May be left out."""

    reason: str = Field(default="", max_length=REASON_LENGTH_MAX, description="in a sentence; people see it")


class ApprovalRoutes:
    """Allows runs that wait, or ends them."""

    def __init__(self, store: Store, bus: BusLink) -> None:
        self._store = store
        self._bus = bus

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "POST",
                "/runs/{id}/approve",
                self.approve_run,
                "Allow a run that waits for approval: this commit, with the programs that were found in it",
                Done,
                errors=(404, 409),
            ),
            Operation(
                "POST",
                "/runs/{id}/decline",
                self.decline_run,
                "End a run that waits for approval",
                Done,
                body=DeclineOrder,
                is_body_optional=True,
                errors=(404, 409, 413, 415),
            ),
        ]

    async def approve_run(self, request: web.Request) -> web.StreamResponse:
        run = request.match_info["id"]
        await run_view.require_run(self._store, run)
        return json_answer(_done(await order_approval(self._bus, run)))

    async def decline_run(self, request: web.Request) -> web.StreamResponse:
        wanted = await read_optional_body(request, DeclineOrder)
        run = request.match_info["id"]
        await run_view.require_run(self._store, run)
        return json_answer(_done(await order_decline(self._bus, run, wanted.reason)))


async def order_approval(bus: BusLink, run: str) -> Accepted:
    return await bus.request(ApproveRun(run_id=RunId(run), actor=ACTOR), PATIENCE_SECONDS)


async def order_decline(bus: BusLink, run: str, reason: str) -> Accepted:
    order = DeclineRun(run_id=RunId(run), actor=ACTOR, reason=" ".join(reason.split()))
    return await bus.request(order, PATIENCE_SECONDS)


def _done(reply: Accepted) -> Done:
    return Done(accepted=reply.accepted, reason=reply.reason)
