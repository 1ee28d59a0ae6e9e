"""Asks services whether they are ready, and says what they wait for if it takes long."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tisktask_cli.stack.journal import Journal

ASK_SECONDS = 0.05
#: After it, people want to know what is going on; then again in ever longer intervals.
QUIET_SECONDS = 5.0
_TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True)
class Readiness:
    """One service's answer; `waiting_for` names its parts that are not ready."""

    is_ready: bool
    waiting_for: tuple[str, ...] = ()


NO_ANSWER = Readiness(is_ready=False, waiting_for=("its start",))


async def ask(address: str) -> Readiness:
    """Ask `/readyz` of a service at address:port."""
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            status, body = await _get(address, "/readyz")
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError):
        return NO_ANSWER
    try:
        parts = json.loads(body).get("parts", {})
    except (ValueError, AttributeError):
        parts = {}
    return Readiness(status == 200, tuple(name for name, is_ready in parts.items() if not is_ready))


async def wait_until_ready(services: Sequence[tuple[str, Callable[[], str]]], journal: Journal) -> None:
    """Return when all answer that they are ready."""
    began = time.monotonic()
    speak_at = began + QUIET_SECONDS
    while True:
        answers = await asyncio.gather(*(ask(address()) for _, address in services))
        waiting = {
            name: answer.waiting_for for (name, _), answer in zip(services, answers, strict=True) if not answer.is_ready
        }
        if not waiting:
            return
        now = time.monotonic()
        if now > speak_at:
            speak_at = now + (now - began)
            reasons = {name: ", ".join(parts) or "its own work" for name, parts in waiting.items()}
            journal.say("still_waiting", "warning", seconds=round(now - began), **reasons)
        await asyncio.sleep(ASK_SECONDS)


async def _get(address: str, path: str) -> tuple[int, bytes]:
    """The smallest HTTP client: one GET on a connection of its own."""
    host, _, port = address.rpartition(":")
    if host in {"", "0.0.0.0", "[::]", "::"}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read(256 * 1024)
        while chunk := await reader.read(256 * 1024):
            answer += chunk
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]) if head else 0, body
