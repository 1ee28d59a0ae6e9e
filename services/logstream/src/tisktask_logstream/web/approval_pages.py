"""The buttons on the page of a run that waits for approval. They need no scripts."""

from aiohttp import web

from tisktask_common.errors import ConflictError
from tisktask_common.rpc import Accepted
from tisktask_logstream import words
from tisktask_logstream.api.approvals import DeclineOrder, order_approval, order_decline
from tisktask_logstream.api.requests import read_form
from tisktask_logstream.bus_link import BusLink


class ApprovalPages:
    """Takes the forms; both lead back to the run."""

    def __init__(self, bus: BusLink) -> None:
        self._bus = bus

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/runs/{id}/approve", self.approve)
        app.router.add_post("/runs/{id}/decline", self.decline)

    async def approve(self, request: web.Request) -> web.StreamResponse:
        run = request.match_info["id"]
        return _lead_back(run, await order_approval(self._bus, run))

    async def decline(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, DeclineOrder)
        run = request.match_info["id"]
        return _lead_back(run, await order_decline(self._bus, run, form.reason))


def _lead_back(run: str, reply: Accepted) -> web.Response:
    if not reply.accepted:
        raise ConflictError(reply.reason or words.WAITS_NO_MORE)
    return web.Response(status=303, headers={"Location": f"/runs/{run}"})
