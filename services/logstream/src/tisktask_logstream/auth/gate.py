"""The middleware that lets nobody in without the admin token or a session, and no foreign page act with a session."""

import time
from urllib.parse import quote, urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from tisktask_common.errors import RefusedError, UserError
from tisktask_logstream import words
from tisktask_logstream.auth.credentials import Credentials

COOKIE = "tisktask_session"
_OPEN_PATHS = {"/login", "/healthz", "/readyz", "/metrics", "/favicon.ico"}
_OPEN_FOLDER = "/static/"


class UnauthorizedError(UserError):
    """The credentials are missing or wrong."""

    code = "unauthorized"


class Gate:
    """Decides whether a request may pass."""

    def __init__(self, credentials: Credentials, public_url: str) -> None:
        self._credentials = credentials
        self._public_origin = _origin(public_url) if public_url else ""
        self.is_https = public_url.startswith("https://")

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path not in _OPEN_PATHS and not request.path.startswith(_OPEN_FOLDER):
                answer = self._stop(request)
                if answer is not None:
                    return answer
            return await handler(request)

        return gate

    def check_origin(self, request: web.Request) -> None:
        """Refuse what a page of another site sends in a browser's name."""
        origin = request.headers.get("Origin", "")
        # A proxy that ends TLS leaves the host and changes the scheme: the host decides.
        is_own = urlsplit(origin).netloc == request.host and origin.startswith(("https://", "http://"))
        if not is_own and (not origin or origin != self._public_origin):
            raise RefusedError(words.FOREIGN_ORIGIN)

    def _stop(self, request: web.Request) -> web.StreamResponse | None:
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer" or not self._credentials.is_admin(token.strip()):
                raise UnauthorizedError(words.UNAUTHORIZED)
            return None
        if self._credentials.is_session(request.cookies.get(COOKIE, ""), time.time()):
            if request.method not in {"GET", "HEAD"}:
                self.check_origin(request)
            return None
        if request.path.startswith("/api/") or request.method != "GET":
            raise UnauthorizedError(words.UNAUTHORIZED)
        return _to_login(request)


def _to_login(request: web.Request) -> web.StreamResponse:
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        # A strict cookie is not sent with a link from another site; coming from here it is.
        page = '<!doctype html><meta http-equiv="refresh" content="0"><title>Tisktask</title>'
        return web.Response(text=page, content_type="text/html")
    wanted = quote(request.path_qs, safe="/")
    return web.HTTPSeeOther("/login" if wanted == "/" else f"/login?next={wanted}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
