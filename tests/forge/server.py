"""Serves a forge's state over HTTP: every request is recorded, checked against the contract and answered by the rules."""

import asyncio
import json
import re
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from forge.accounts import answer_about_itself, answer_about_repository, list_own
from forge.apps import create_token, find_app, refuse_status, show_installation
from forge.checks import answer_check
from forge.comments import answer_comment
from forge.contract import Contract
from forge.faults import Drop, Fault, FaultPlan, Hang, RateLimit
from forge.hooks import answer_about_hooks
from forge.people import answer_about_person
from forge.questions import answer_question
from forge.rules import (
    Call,
    Reply,
    combined_state,
    create_status,
    error,
    find_token,
    refuse_headers,
    show_status,
)
from forge.sender import Sender
from forge.state import VERSIONS, Flavour, ForgeState, Repository

API = "/api/v1"
_ANSWERS_DESCRIBED = r"/pulls$|/pulls/\d+$|/hooks|/permission$|^/user/repos$"
_DESCRIBED = f"/statuses/|/check-runs|{_ANSWERS_DESCRIBED}"
#: Where an Enterprise Server has it; GitHub itself has a host of its own for it.
ENTERPRISE_API = "/api/v3"


@dataclass(frozen=True)
class Exchange:
    """A request that came, and the status of the answer (0: none was given)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    at: float


class Forge:
    """One forge on a port of its own, that it keeps when it is stopped and started again."""

    def __init__(self, state: ForgeState) -> None:
        self.state = state
        self.faults = FaultPlan()
        self.rate_limit: RateLimit | None = None
        self.exchanges: list[Exchange] = []
        self.violations: list[str] = []
        self._coming: list[Reply] = []
        self._contract = Contract.find(state.flavour, state.version)
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._sender = Sender(state)

    @classmethod
    async def start(cls, flavour: Flavour, version: str | None = None) -> "Forge":
        forge = cls(ForgeState(flavour, version or VERSIONS[flavour]))
        await forge.start_again()
        return forge

    async def start_again(self) -> None:
        app = web.Application(client_max_size=26_214_400)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Connections are refused from here on."""
        await self._sender.stop()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def check(self) -> None:
        """Raise if a request, or an answer of this model, was against the forge's own description."""
        assert not self.violations, "\n".join(self.violations)

    def next_get(self, reply: Reply) -> None:
        """Answer the next GET with this."""
        self._coming.append(reply)

    @property
    def root_url(self) -> str:
        return f"http://127.0.0.1:{self._port}{self.state.sub_path}"

    @property
    def api_url(self) -> str:
        """The address to configure: for GitHub that of an own API host, else with the API's path."""
        return self.root_url if self.state.flavour is Flavour.GITHUB else self.root_url + API

    @property
    def posts(self) -> list[Exchange]:
        return [one for one in self.exchanges if one.method == "POST"]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = self._path(request)
        if path is None:
            return web.Response(status=404, text="<html>Not Found</html>", content_type="text/html")
        call = Call(
            request.method,
            path,
            {name.lower(): value for name, value in request.headers.items()},
            await request.read(),
            self.root_url,
            dict(request.query),
        )
        reply = None
        try:
            reply = await self._answer(call, self.faults.next(call))
        finally:
            # Also what the caller did not wait for.
            status = reply.status if reply else 0
            headers = dict(call.headers)
            self.exchanges.append(Exchange(call.method, call.path, headers, call.body, status, time.monotonic()))
        if reply is None:
            assert request.transport
            request.transport.abort()
            return web.Response()
        self._sender.send_waiting()
        if reply.body is None:
            return web.Response(status=reply.status, headers=reply.headers)
        return web.json_response(reply.body, status=reply.status, headers=reply.headers)

    def _path(self, request: web.Request) -> str | None:
        """Say what is asked for, below where the forge is on its host; None: it is not there."""
        path = request.path
        if not path.startswith(f"{self.state.sub_path}/"):
            return None
        path = path.removeprefix(self.state.sub_path)
        is_enterprise = self.state.flavour is Flavour.GITHUB and path.startswith(ENTERPRISE_API + "/")
        return path.removeprefix(ENTERPRISE_API) if is_enterprise else path

    async def _answer(self, call: Call, fault: Fault | None) -> Reply | None:
        """Answer a request; None: break off."""
        match fault:
            case Reply():
                return fault
            case Hang():
                await asyncio.sleep(fault.seconds)
            case Drop(after_effect=False):
                return None
        if self.rate_limit and (refusal := self.rate_limit.check(self.state.flavour, call)):
            return refusal
        if self._coming and call.method == "GET":
            return self._coming.pop(0)
        reply = self._route(call)
        self._check_contract(call, reply)
        return None if isinstance(fault, Drop) else reply

    def _check_contract(self, call: Call, reply: Reply) -> None:
        path = call.path.removeprefix(API)
        if self.state.flavour is Flavour.FORGEJO and call.headers.get("accept") == "application/vnd.github+json":
            self.violations.append("Accept: application/vnd.github+json makes Forgejo answer in GitHub's form")
        is_described = path.startswith("/repos/") and re.search(_DESCRIBED, path)
        is_known = is_described or "/access_tokens" in path or path == "/user/repos"
        is_told = call.method in {"POST", "PATCH"} or (reply.status < 300 and re.search(_ANSWERS_DESCRIBED, path))
        if self._contract and is_known and is_told:
            body = json.loads(call.body or b"null")
            self.violations += self._contract.violations(call.method, path, body, reply.status, reply.body)

    def _route(self, call: Call) -> Reply:
        if refusal := refuse_headers(self.state, call):
            return refusal
        if answer := answer_about_itself(self.state, call):
            return answer
        prefix = "" if self.state.flavour is Flavour.GITHUB else API
        if not call.path.startswith(prefix + "/"):
            return error(404, "Not Found")
        match call.path.removeprefix(prefix).strip("/").split("/"):
            case ["user", "repos"]:
                token = find_token(self.state, call)
                return token if isinstance(token, Reply) else list_own(self.state, token, call)
            case ["repos", owner, name, "installation"] if call.method == "GET" and not prefix:
                app = find_app(self.state, call)
                found = self.state.find_repository(f"{owner}/{name}")
                return app if isinstance(app, Reply) else show_installation(self.state, found, app, self.root_url)
            case ["app", "installations", number, "access_tokens"] if call.method == "POST" and not prefix:
                app = find_app(self.state, call)
                return app if isinstance(app, Reply) else create_token(self.state, app, int(number), call)
            case ["repos", owner, name, *rest]:
                return self._route_repository(call, f"{owner}/{name}", rest)
            case ["repositories", number, *rest]:
                found = next((one for one in self.state.repositories if str(one.id) == number), None)
                return self._route_found(call, found, rest)
        return error(404, "Not Found")

    def _route_repository(self, call: Call, full_name: str, rest: list[str]) -> Reply:
        repository = self.state.find_repository(full_name)
        if repository and repository.full_name.lower() != full_name.lower():
            return self._moved(repository, rest)
        return self._route_found(call, repository, rest)

    def _moved(self, repository: Repository, rest: list[str]) -> Reply:
        tail = "/".join(["", *rest])
        if self.state.flavour is Flavour.GITHUB:
            url = f"{self.root_url}/repositories/{repository.id}{tail}"
        else:
            # A path alone, as Go's http.Redirect is given.
            url = f"{API}/repos/{repository.full_name}{tail}"
        return Reply(301, {"message": "Moved Permanently", "url": url}, {"Location": url})

    def _route_found(self, call: Call, repository: Repository | None, rest: list[str]) -> Reply:
        token = find_token(self.state, call)
        if isinstance(token, Reply):
            return token
        if repository is None:
            return error(404, "Not Found", [])
        for answer_some in (answer_about_hooks, answer_about_repository, answer_question, answer_about_person):
            if answer := answer_some(self.state, repository, token, call, rest):
                return answer
        match call.method, rest:
            case _, ["issues", *_]:
                return answer_comment(self.state, repository, token, call, rest)
            case _, ["check-runs", *_] | ["commits", _, "check-runs"] if self.state.flavour is Flavour.GITHUB:
                return answer_check(self.state, repository, token, call, rest)
            case "POST", ["statuses", sha]:
                refusal = refuse_status(self.state, repository, token)
                return refusal or create_status(self.state, repository, sha, token, call)
            case "GET", ["statuses", sha] | ["commits", sha, "statuses"]:
                statuses = [one for one in reversed(repository.statuses) if one.sha == sha]
                return Reply(200, [show_status(self.state, one) for one in statuses])
            case "GET", ["commits", sha, "status"]:
                return Reply(200, self._show_combined(repository, sha))
        return error(404, "Not Found")

    def _show_combined(self, repository: Repository, sha: str) -> dict[str, Any]:
        newest = list(self.state.shown(repository.full_name, sha).values())
        return {
            "state": combined_state(self.state, newest),
            "sha": sha,
            "total_count": len(newest),
            "statuses": [show_status(self.state, one) for one in newest],
        }
