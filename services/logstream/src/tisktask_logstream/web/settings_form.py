"""The form on a repository's page that changes what holds for its runs. Needs no scripts."""

from typing import Annotated

from aiohttp import web
from pydantic import BeforeValidator, Field

from tisktask_common.approvals import ForkPolicy
from tisktask_common.ids import RepositoryId
from tisktask_common.repository_settings import JOBS_MAX, PRIORITY_MAX, ChangeRepository
from tisktask_logstream.api.models import Strict
from tisktask_logstream.api.requests import read_form
from tisktask_logstream.api.runs import PATIENCE_SECONDS
from tisktask_logstream.bus_link import BusLink


def _none_if_empty(text: str) -> str | None:
    return text.strip() or None


class SettingsForm(Strict):
    """All of the form's settings. A box that is not ticked is not sent."""

    supersede_pull_requests: bool = False
    supersede_branches: bool = False
    jobs_max: Annotated[Annotated[int, Field(ge=1, le=JOBS_MAX)] | None, BeforeValidator(_none_if_empty)] = None
    forks: ForkPolicy | None = None
    priority: int = Field(ge=-PRIORITY_MAX, le=PRIORITY_MAX)


class SettingsFormRoute:
    """Takes the form."""

    def __init__(self, bus: BusLink) -> None:
        self._bus = bus

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/repositories/{id}/settings", self.change)

    async def change(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, SettingsForm)
        repository = RepositoryId(request.match_info["id"])
        order = ChangeRepository(
            repository_id=repository,
            supersede_pull_requests=form.supersede_pull_requests,
            supersede_branches=form.supersede_branches,
            jobs_max=form.jobs_max or 0,
            priority=form.priority,
            forks=form.forks,
        )
        await self._bus.request(order, PATIENCE_SECONDS)
        return web.Response(status=303, headers={"Location": f"/repositories/{repository}#settings"})
