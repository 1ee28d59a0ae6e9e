"""The buttons that run again what has ended; each leads to the new run's page."""

from aiohttp import web
from pydantic import Field

from tisktask_common.orders import RerunMode, RunMade
from tisktask_logstream.api.models import Strict
from tisktask_logstream.api.requests import read_form
from tisktask_logstream.api.reruns import order_job_rerun, order_rerun
from tisktask_logstream.bus_link import BusLink


class RerunForm(Strict):
    """A button that was pressed. What it was pressed on gives the request its id: pressed twice, it makes one run."""

    reruns: int = Field(ge=0, description="how often the run had been run again when the page was made")
    mode: RerunMode = RerunMode.ALL


class RerunPages:
    """Takes the forms of the pages of runs and jobs."""

    def __init__(self, bus: BusLink) -> None:
        self._bus = bus

    def add_to(self, app: web.Application) -> None:
        app.router.add_post("/runs/{id}/rerun", self.rerun_run)
        app.router.add_post("/jobs/{id}/rerun", self.rerun_job)

    async def rerun_run(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, RerunForm)
        request_id = f"page-{form.reruns}-{form.mode}"
        return _lead_to(await order_rerun(self._bus, request.match_info["id"], form.mode, request_id))

    async def rerun_job(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, RerunForm)
        job = request.match_info["id"]
        return _lead_to(await order_job_rerun(self._bus, job, f"page-{form.reruns}-{job}"))


def _lead_to(made: RunMade) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/runs/{made.run_id}"})
