"""A repository's page: its schedules, what was asked for lately, and a form that starts a run. Needs no scripts."""

from typing import Any
from uuid import uuid4

from aiohttp import web
from pydantic import Field

from tisktask_common.git_names import is_sha
from tisktask_common.ids import RepositoryId
from tisktask_common.starts import MANUAL, ChangeSchedule, StartState
from tisktask_logstream import words
from tisktask_logstream.api.models import Strict
from tisktask_logstream.api.requests import BadRequestError, read_form, read_values
from tisktask_logstream.api.runs import PATIENCE_SECONDS
from tisktask_logstream.api.start_models import StartOrder
from tisktask_logstream.api.starts import find_start, order_schedule_run, order_start
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.hook_record import HookRecord
from tisktask_logstream.repository_view import require_repository
from tisktask_logstream.store import Store
from tisktask_logstream.web.templates import Templates

_STARTS_SHOWN = 10


class RequestForm(Strict):
    """A button that was pressed; the page made the id, so pressed twice it makes one run."""

    request_id: str = Field(min_length=1, max_length=100)


class RunForm(RequestForm):
    """The form that starts a run. What is left empty was not said."""

    event: str = Field(default=MANUAL, max_length=50)
    action: str = Field(default="", max_length=64)
    ref: str = Field(default="", max_length=255)
    inputs: str = Field(default="", max_length=100_000)


class PauseForm(Strict):
    """Whether a schedule is to rest."""

    is_paused: bool


class RepositoryPages:
    """Shows a repository and takes what is asked for there."""

    def __init__(self, templates: Templates, store: Store, bus: BusLink) -> None:
        self._templates = templates
        self._store = store
        self._bus = bus

    def add_to(self, app: web.Application) -> None:
        router = app.router
        router.add_get("/repositories/{id}", self.show_repository)
        router.add_post("/repositories/{id}/runs", self.start_run)
        router.add_post("/repositories/{id}/schedules/{name}/run", self.run_schedule)
        router.add_post("/repositories/{id}/schedules/{name}/pause", self.pause_schedule)
        router.add_get("/starts/{id}", self.show_start)

    async def show_repository(self, request: web.Request) -> web.StreamResponse:
        found = await require_repository(self._store, request.match_info["id"])
        return self._templates.page(
            "repository.html",
            repository=found,
            schedules=await self._store.list_schedules(found.id),
            starts=await self._store.list_starts(found.id, _STARTS_SHOWN),
            hook=await self._store.get_repository_hook(found.id) or HookRecord(),
            request_id=f"page-{uuid4().hex}",
        )

    async def start_run(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, RunForm)
        wanted = read_values("field", _order(form), StartOrder)
        made = await order_start(self._bus, request.match_info["id"], wanted)
        return _lead_to(f"/starts/{made.start_id}")

    async def run_schedule(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, RequestForm)
        repository, name = request.match_info["id"], request.match_info["name"]
        made = await order_schedule_run(self._bus, RepositoryId(repository), name, f"{form.request_id}-{name}"[:100])
        return _lead_to(f"/starts/{made.start_id}")

    async def pause_schedule(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, PauseForm)
        repository, name = request.match_info["id"], request.match_info["name"]
        order = ChangeSchedule(repository_id=RepositoryId(repository), name=name, is_paused=form.is_paused)
        await self._bus.request(order, PATIENCE_SECONDS)
        return _lead_to(f"/repositories/{repository}")

    async def show_start(self, request: web.Request) -> web.StreamResponse:
        """Lead to the run as soon as there is one; until then the page asks again by itself."""
        start = await find_start(self._store, request.match_info["id"])
        if start.state is StartState.STARTED and start.run_id:
            return _lead_to(f"/runs/{start.run_id}")
        return self._templates.page("start.html", start=start)


def _order(form: RunForm) -> dict[str, Any]:
    """Say in the API's words what the form asks for; a commit is told from a branch or tag by its looks."""
    ref = form.ref.strip()
    return {
        "event": form.event.strip(),
        "action": form.action.strip() or None,
        "sha" if is_sha(ref) else "ref": ref or None,
        "inputs": _read_inputs(form.inputs),
        "request_id": form.request_id,
    }


def _read_inputs(text: str) -> dict[str, str]:
    inputs: dict[str, str] = {}
    for line in filter(str.strip, text.splitlines()):
        name, separator, value = line.partition("=")
        if not separator:
            raise BadRequestError(words.input_without_value(line))
        if name.strip() in inputs:
            raise BadRequestError(words.input_given_twice(name.strip()))
        inputs[name.strip()] = value
    return inputs


def _lead_to(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address})
