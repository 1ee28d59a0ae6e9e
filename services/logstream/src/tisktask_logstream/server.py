"""Puts the HTTP application together: routes, the gate, answers to problems."""

from dataclasses import dataclass

from aiohttp import web

from tisktask_logstream.api.approvals import ApprovalRoutes
from tisktask_logstream.api.jobs import JobRoutes, Records
from tisktask_logstream.api.openapi import openapi_document
from tisktask_logstream.api.operations import PREFIX, add_routes
from tisktask_logstream.api.replays import ReplayRoutes
from tisktask_logstream.api.repositories import RepositoryRoutes
from tisktask_logstream.api.reruns import RerunRoutes
from tisktask_logstream.api.retention import RetentionRoutes
from tisktask_logstream.api.runners import RunnerRoutes
from tisktask_logstream.api.runs import RunRoutes
from tisktask_logstream.api.setup import SetupRoutes
from tisktask_logstream.api.starts import ScheduleRoutes, StartRoutes
from tisktask_logstream.archive.disk import Disk
from tisktask_logstream.archive.library import Library
from tisktask_logstream.archive.log_store import LogStore
from tisktask_logstream.archive.retention import LogRules
from tisktask_logstream.auth.credentials import Credentials
from tisktask_logstream.auth.gate import Gate
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.live.follow import LogFollower
from tisktask_logstream.live.run_feed import RunFeed
from tisktask_logstream.live.sse import Seats
from tisktask_logstream.problems import problem_answers
from tisktask_logstream.settings import LogstreamSettings
from tisktask_logstream.store import Store
from tisktask_logstream.web.approval_pages import ApprovalPages
from tisktask_logstream.web.headers import add_security_headers
from tisktask_logstream.web.login import LoginRoutes
from tisktask_logstream.web.pages import Live, PageRoutes
from tisktask_logstream.web.repository_pages import RepositoryPages
from tisktask_logstream.web.rerun_pages import RerunPages
from tisktask_logstream.web.settings_form import SettingsFormRoute
from tisktask_logstream.web.templates import Templates


@dataclass(frozen=True)
class Parts:
    """What the routes work with."""

    store: Store
    logs: LogStore
    bus: BusLink
    library: Library
    feed: RunFeed
    seats: Seats
    disk: Disk


def add_everything(app: web.Application, settings: LogstreamSettings, parts: Parts) -> None:
    """Add the API, the pages and the middlewares to an application that has its health routes already."""
    credentials = Credentials(settings.admin_token, settings.session_seconds)
    gate = Gate(credentials, settings.public_url)
    templates = Templates(parts.disk.notice)
    rules = LogRules(settings.keep_log_days, settings.log_bytes_max)
    records, follower = Records(parts.store, parts.logs), LogFollower(parts.library, parts.store)
    pages = PageRoutes(templates, parts.library.folder, records, parts.bus, Live(parts.feed, parts.seats))
    app.on_response_prepare.append(add_security_headers)
    app.on_shutdown.append(parts.seats.close)
    app.middlewares.append(problem_answers(pages.problem))
    app.middlewares.append(gate.middleware)
    operations = [
        *RunRoutes(parts.store, parts.bus, parts.feed, parts.seats).operations(),
        *ApprovalRoutes(parts.store, parts.bus).operations(),
        *JobRoutes(records, parts.bus, parts.library, follower, parts.seats).operations(),
        *RerunRoutes(parts.bus).operations(),
        *ReplayRoutes(parts.store, parts.bus).operations(),
        *RepositoryRoutes(parts.store, parts.bus).operations(),
        *SetupRoutes(parts.store, parts.bus).operations(),
        *StartRoutes(parts.store, parts.bus).operations(),
        *ScheduleRoutes(parts.store, parts.bus).operations(),
        *RunnerRoutes(parts.store, parts.bus).operations(),
        *RetentionRoutes(parts.logs, parts.bus, rules).operations(),
    ]
    document = openapi_document(operations)

    async def openapi(_request: web.Request) -> web.Response:
        return web.json_response(document)

    add_routes(app, operations)
    app.router.add_get(f"{PREFIX}/openapi.json", openapi)
    LoginRoutes(templates, credentials, gate).add_to(app)
    pages.add_to(app)
    RerunPages(parts.bus).add_to(app)
    ApprovalPages(parts.bus).add_to(app)
    RepositoryPages(templates, parts.store, parts.bus).add_to(app)
    SettingsFormRoute(parts.bus).add_to(app)
