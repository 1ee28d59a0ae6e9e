"""Signing in and out in the browser."""

import time

import structlog
from aiohttp import web

from tisktask_logstream import words
from tisktask_logstream.auth.credentials import Credentials
from tisktask_logstream.auth.gate import COOKIE, Gate
from tisktask_logstream.auth.login_limit import LoginLimit
from tisktask_logstream.web.templates import Templates

log = structlog.get_logger()


class LoginRoutes:
    """Takes the admin token once and gives a session for it."""

    def __init__(self, templates: Templates, credentials: Credentials, gate: Gate) -> None:
        self._templates = templates
        self._credentials = credentials
        self._gate = gate
        self._limit = LoginLimit()

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/login", self.show)
        app.router.add_post("/login", self.sign_in)
        app.router.add_post("/logout", self.sign_out)

    async def show(self, request: web.Request) -> web.StreamResponse:
        return self._templates.page("login.html", next=_local(request.query.get("next", "/")), problem="")

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        self._gate.check_origin(request)
        form = await request.post()
        target = _local(str(form.get("next", "/")))
        if not self._limit.may_try(request.remote or "", time.monotonic()):
            log.warning("too_many_logins", remote=request.remote)
            return self._templates.page("login.html", status=429, next=target, problem=words.TOO_MANY_LOGINS)
        if not self._credentials.is_admin(str(form.get("token", "")).strip()):
            log.warning("login_refused", remote=request.remote)
            return self._templates.page("login.html", status=401, next=target, problem=words.WRONG_TOKEN)
        response = web.Response(status=303, headers={"Location": target})
        response.set_cookie(
            COOKIE,
            self._credentials.make_session(time.time()),
            max_age=self._credentials.session_seconds,
            httponly=True,
            samesite="Strict",
            secure=self._gate.is_https,
            path="/",
        )
        return response

    async def sign_out(self, _request: web.Request) -> web.StreamResponse:
        response = web.Response(status=303, headers={"Location": "/login"})
        response.del_cookie(COOKIE, path="/")
        return response


def _local(target: str) -> str:
    """Keep only addresses of this site: no other host can be the end of a login."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if is_local else "/"
