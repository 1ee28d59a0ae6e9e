"""`POST /api/triggers/{forge}`: from an HTTP request to the reception and back."""

import structlog
from aiohttp import web

from tisktask_ingest import metrics, words
from tisktask_ingest.delivery_headers import DeliveryHeaders, read_headers
from tisktask_ingest.forges.dialect import DIALECTS, Dialect
from tisktask_ingest.outcome import Accepted, Answer, Ignored, Pong, Refusal
from tisktask_ingest.reception import Reception
from tisktask_ingest.request_body import RequestBodies

log = structlog.get_logger()


def add_webhook_routes(app: web.Application, reception: Reception, bodies: RequestBodies) -> None:
    """Add the webhook addresses, with and without a slash at the end: forges follow a redirect with a GET."""
    webhooks = Webhooks(reception, bodies)
    app.router.add_route("*", "/api/triggers/{forge}", webhooks.handle)
    app.router.add_route("*", "/api/triggers/{forge}/", webhooks.handle)


class Webhooks:
    """The HTTP edge: reads requests, writes answers, counts them."""

    def __init__(self, reception: Reception, bodies: RequestBodies) -> None:
        self._reception = reception
        self._bodies = bodies

    async def handle(self, request: web.Request) -> web.Response:
        dialect = DIALECTS.get(request.match_info["forge"])
        if dialect is None:
            metrics.deliveries.labels("unknown", "unknown_endpoint").inc()
            return _response(Refusal(404, "unknown_endpoint", words.unknown_endpoint(", ".join(DIALECTS))))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(forge=dialect.forge)
        with metrics.answer_seconds.time():
            answer = await self._answer(request, dialect)
        metrics.deliveries.labels(dialect.forge, _outcome(answer)).inc()
        _log(answer)
        return _response(answer)

    async def _answer(self, request: web.Request, dialect: Dialect) -> Answer:
        if request.method != "POST":
            return Refusal(405, "wrong_method", words.wrong_method(request.method))
        headers = read_headers(dialect, request.headers)
        if isinstance(headers, Refusal):
            return headers
        structlog.contextvars.bind_contextvars(delivery=headers.delivery, event_name=headers.event)
        body = await self._bodies.read(request)
        if isinstance(body, Refusal):
            return body
        try:
            return await self._receive(dialect, headers, bytes(body))
        finally:
            self._bodies.release(body)

    async def _receive(self, dialect: Dialect, headers: DeliveryHeaders, body: bytes) -> Answer:
        try:
            return await self._reception.receive(dialect, headers, body)
        except Exception:
            log.exception("delivery_failed")
            return Refusal(500, "internal", words.INTERNAL)


def _outcome(answer: Answer) -> str:
    match answer:
        case Accepted(is_spooled=is_spooled):
            return "spooled" if is_spooled else "accepted"
        case Pong():
            return "ping"
        case Ignored():
            return "ignored"
        case Refusal(code=code):
            return code


def _log(answer: Answer) -> None:
    match answer:
        case Accepted(trigger_id, is_spooled):
            log.info("delivery_accepted", trigger=trigger_id, is_spooled=is_spooled)
        case Pong(full_name):
            log.info("ping_received", repository=full_name)
        case Ignored(reason):
            log.info("delivery_ignored", reason=reason)
        case Refusal(status, code, message):
            log.warning("delivery_refused", status=status, code=code, message=message)


def _response(answer: Answer) -> web.Response:
    match answer:
        case Accepted(trigger_id):
            return web.json_response({"id": trigger_id}, status=202)
        case Pong(full_name):
            return web.json_response({"ping": words.pong(full_name)}, status=202)
        case Ignored(reason):
            return web.json_response({"ignored": reason}, status=202)
        case Refusal(status, code, message):
            return web.json_response({"error": {"code": code, "message": message}}, status=status)
