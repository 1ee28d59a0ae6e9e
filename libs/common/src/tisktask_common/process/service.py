"""One service process: logging, health, readiness, metrics, and an orderly end on SIGTERM or SIGINT."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from tisktask_common.process.logging import set_up_logging
from tisktask_common.process.settings import Settings

log = structlog.get_logger()

#: Tells whether a part is ready; a sentence means that it is not, and why.
ReadyCheck = Callable[[], Awaitable[bool | str]]
CHECK_SECONDS_MAX = 2.0
#: Longer than all that a service does at its end.
_CANCEL_AGAIN_SECONDS = 20.0


@dataclass
class Process:
    """What the shell gives to a service's main function."""

    name: str
    settings: Settings
    #: The HTTP application: a service adds its own routes before it calls `serve_http`.
    app: web.Application
    #: Name of a part -> whether it is ready now. All must be, for `/readyz` to say 200.
    ready_checks: dict[str, ReadyCheck] = field(default_factory=dict[str, ReadyCheck])
    #: Set when the process was asked to end.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve_http(self) -> "HttpServer":
        """Start to answer on the configured address; the caller closes what it gets."""
        host, _, port = self.settings.listen.rpartition(":")
        runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=2)
        await runner.setup()
        site = web.TCPSite(runner, host or "127.0.0.1", int(port))
        await site.start()
        addresses = " ".join(f"{address[0]}:{address[1]}" for address in runner.addresses)
        log.info("http_listening", address=addresses)
        return HttpServer(runner)


@dataclass
class HttpServer:
    """A listening HTTP server."""

    runner: web.AppRunner

    @property
    def port(self) -> int:
        return int(self.runner.addresses[0][1])

    async def close(self) -> None:
        await self.runner.cleanup()


def run_service(name: str, settings: Settings, main: Callable[[Process], Coroutine[Any, Any, None]]) -> None:
    """Run `main` until it ends or the process is told to; exits by exception if `main` fails."""
    set_up_logging(name, settings.log_format, settings.log_level)
    asyncio.run(_supervise(name, settings, main))


async def _supervise(name: str, settings: Settings, main: Callable[[Process], Coroutine[Any, Any, None]]) -> None:
    process = Process(name, settings, web.Application())
    add_health_routes(process)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stopping.set)
    work = asyncio.create_task(main(process), name=name)
    stop = asyncio.create_task(process.stopping.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    log.info("service_stopping")
    stop.cancel()
    await cancel(work, _CANCEL_AGAIN_SECONDS)
    try:
        await work
    except asyncio.CancelledError:
        log.info("service_stopped")


async def cancel(task: asyncio.Task[None], again_seconds: float) -> None:
    """Cancel a task, and wait for its end; again after a while: libraries swallow one that comes with an answer."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=again_seconds)


def add_health_routes(process: Process) -> None:
    """Add `/healthz` (the process turns), `/readyz` (it can do its work) and `/metrics` (Prometheus)."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "service": process.name})

    async def readyz(_request: web.Request) -> web.Response:
        # A copy: the service may add checks while one of them is awaited.
        answers = {name: await _is_ready(check) for name, check in list(process.ready_checks.items())}
        parts = {name: answer is True for name, answer in answers.items()}
        ready = all(parts.values()) and not process.stopping.is_set()
        status = "ready" if ready else "not ready"
        body: dict[str, object] = {"status": status, "service": process.name, "parts": parts}
        if reasons := {name: answer for name, answer in answers.items() if isinstance(answer, str)}:
            body["reasons"] = reasons
        return web.json_response(body, status=200 if ready else 503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST})

    process.app.router.add_get("/healthz", healthz)
    process.app.router.add_get("/readyz", readyz)
    process.app.router.add_get("/metrics", metrics)


async def _is_ready(check: ReadyCheck) -> bool | str:
    try:
        async with asyncio.timeout(CHECK_SECONDS_MAX):
            return await check()
    except Exception:  # noqa: BLE001 - a check that fails in any way means "not ready"; the part itself logs why
        return False
