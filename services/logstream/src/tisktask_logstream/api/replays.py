"""The operation that takes a kept delivery once more."""

from uuid import uuid4

from aiohttp import web
from pydantic import BaseModel

from tisktask_common.errors import ConflictError, NotFoundError
from tisktask_common.ids import TriggerId
from tisktask_common.replays import ReplayDelivery
from tisktask_logstream import words
from tisktask_logstream.api.models import RerunJobOrder
from tisktask_logstream.api.operations import Operation, json_answer
from tisktask_logstream.api.requests import read_optional_body
from tisktask_logstream.api.runs import PATIENCE_SECONDS
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.store import Store

_ID_CHARS_MAX = 200


class NewTrigger(BaseModel):
    """The trigger that was made; its run names it."""

    trigger_id: TriggerId
    repository: str


class ReplayRoutes:
    """Makes new triggers of what is kept of older ones."""

    def __init__(self, store: Store, bus: BusLink) -> None:
        self._store = store
        self._bus = bus

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "POST",
                "/triggers/{id}/replay",
                self.replay,
                "Take a kept delivery once more (id: of its run, its trigger, or the forge's own)",
                NewTrigger,
                body=RerunJobOrder,
                is_body_optional=True,
                status=202,
                errors=(404, 409, 413, 415),
            )
        ]

    async def replay(self, request: web.Request) -> web.StreamResponse:
        wanted = await read_optional_body(request, RerunJobOrder)
        trigger = await self._find(request.match_info["id"])
        order = ReplayDelivery(trigger_id=trigger, request_id=wanted.request_id or uuid4().hex)
        made = await self._bus.request(order, PATIENCE_SECONDS)
        return json_answer(NewTrigger(trigger_id=made.trigger_id, repository=made.repository), status=202)

    async def _find(self, name: str) -> TriggerId:
        found = await self._store.find_triggers(name) if len(name) <= _ID_CHARS_MAX else []
        if len(found) > 1:
            raise ConflictError(words.several_triggers(name))
        if found:
            return found[0]
        if name.startswith("trg_"):
            # It has made no run, or none yet.
            return TriggerId(name)
        raise NotFoundError(words.no_delivery(name[:_ID_CHARS_MAX]))
