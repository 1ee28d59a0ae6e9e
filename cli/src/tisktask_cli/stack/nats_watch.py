"""Starts nats-server again when its disk was full and has room: by itself it stores nothing more, and seems well."""

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

import nats.errors
from pydantic import SecretStr

from tisktask_cli.stack.journal import Journal
from tisktask_cli.stack.nats import EmbeddedNats
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.process.settings import BusSettings

LOOK_SECONDS = 2.0
#: With less a restarted server would only fail again.
FREE_BYTES_MIN = 16 * 1024 * 1024
_HEALTH = "$SYS.REQ.SERVER.PING.HEALTHZ"
_REQUEST_SECONDS = 2.0


async def watch_nats(server: EmbeddedNats, restart: Callable[[], None], journal: Journal) -> None:
    """Ask the server every few seconds whether it can store; run until cancelled."""
    settings = BusSettings(
        nats_url=server.url, nats_user="system", nats_seed=SecretStr(server.seed_file("system").read_text().strip())
    )
    bus = await connect(settings, "system")
    was_told = False
    try:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            problem = await _problem(bus)
            if problem and not was_told:
                journal.say("bus_can_not_store", "error", why=problem, then="senders wait; make room on its disk")
            was_told = bool(problem)
            if problem and _free_bytes(server.store) >= FREE_BYTES_MIN:
                journal.say("bus_starts_again", "warning", why="its disk has room again")
                restart()
    finally:
        await bus.close()


async def _problem(bus: Bus) -> str:
    """Tell why the server can not store; empty: it can, or it is away, which others see to."""
    try:
        reply = await bus.client.request(_HEALTH, b"", timeout=_REQUEST_SECONDS)
    except (nats.errors.Error, ConnectionError):
        return ""
    error = str(json.loads(reply.data).get("data", {}).get("error", ""))
    return error if "write error" in error else ""


def _free_bytes(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
