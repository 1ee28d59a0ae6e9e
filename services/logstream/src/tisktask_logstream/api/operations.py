"""The operations of the API as data: the routes and the OpenAPI document both come from here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from tisktask_logstream.api.models import NoQuery

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PREFIX = "/api/v1"


@dataclass(frozen=True)
class Operation:
    """One method at one address. `answer` is a model, or the media type of what is not JSON."""

    method: str
    path: str
    handler: Handler
    summary: str
    answer: type[BaseModel] | str
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    is_body_optional: bool = False
    status: int = 200
    errors: tuple[int, ...] = ()
    #: Other media types that the same address answers with, by its query.
    also: str | None = None

    @property
    def name(self) -> str:
        return getattr(self.handler, "__name__", "operation")


def add_routes(app: web.Application, operations: list[Operation]) -> None:
    for operation in operations:
        app.router.add_route(operation.method, PREFIX + operation.path, operation.handler)


def json_answer(model: BaseModel, status: int = 200) -> web.Response:
    return web.Response(text=model.model_dump_json(), content_type="application/json", status=status)


Document = dict[str, Any]
