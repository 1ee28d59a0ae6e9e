"""The middleware that turns errors into answers: JSON for the API, a page for people."""

from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from tisktask_common.errors import BusError, DatabaseError, TisktaskError
from tisktask_logstream import words
from tisktask_logstream.api.requests import is_storable

log = structlog.get_logger()

#: Shows a problem to a person: request, status, message.
Page = Callable[[web.Request, int, str], web.Response]

_STATUSES = {
    "bad_request": 400,
    "invalid": 400,
    "unauthorized": 401,
    "refused": 403,
    "not_found": 404,
    "conflict": 409,
    "log_deleted": 410,
    "too_large": 413,
    "unsupported_media_type": 415,
    "too_many_streams": 503,
    "bus_unavailable": 503,
    "database_unavailable": 503,
}
_HTTP_PROBLEMS = {
    404: ("not_found", words.NO_ROUTE),
    405: ("bad_request", words.WRONG_METHOD),
    413: ("too_large", words.BODY_TOO_LARGE),
}


def problem_answers(page: Page) -> Middleware:
    """Make the middleware; it goes around all others."""

    @web.middleware
    async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            _refuse_unnameable(request)
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            code, message = _HTTP_PROBLEMS.get(error.status, ("bad_request", error.reason))
            status = error.status
        except TisktaskError as error:
            status = _STATUSES.get(error.code, 500)
            code, message = error.code, _message_for_user(error, status)
        except ConnectionResetError:
            raise
        except Exception:
            log.exception("request_failed", method=request.method, path=request.path)
            status, code, message = 500, "internal", words.INTERNAL
        if not request.path.startswith("/api/"):
            return page(request, status, message)
        return _json_problem(status, code, message)

    return answer_problems


def _refuse_unnameable(request: web.Request) -> None:
    """Stop here what no name has, and what would come as far as the database."""
    if not is_storable(request.path):
        raise web.HTTPNotFound


def _message_for_user(error: TisktaskError, status: int) -> str:
    if status < 500:
        return error.message
    if error.code != "too_many_streams":
        log.error("request_not_served", code=error.code, error=error.message)
    if isinstance(error, DatabaseError):
        return words.DATABASE_AWAY
    if isinstance(error, BusError):
        return words.BUS_AWAY
    return error.message if status == 503 else words.INTERNAL


def _json_problem(status: int, code: str, message: str) -> web.Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if status == 503:
        headers["Retry-After"] = "5"
    return web.json_response({"error": {"code": code, "message": message}}, status=status, headers=headers)
