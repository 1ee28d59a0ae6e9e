"""Waits until the stack has come to rest after the blows; what does not is a violation."""

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import psycopg

from chaos.evidence import count
from chaos.load import AWAY, Load
from chaos.remains import remains
from chaos.reruns import Rerunner
from chaos.witness import Witness
from stack import Stack
from stack_fixtures import left_over
from tisktask_cli.bus_access import bus_settings
from tisktask_common.bus.connection import connect
from tisktask_common.subjects import CONSUMERS
from tisktask_runner.host.storage import Storage

_LOOK_SECONDS = 0.5
_BUS_SECONDS = 5.0
_COUNTS = {
    "runs that have not ended": "SELECT count(*) FROM orchestrator.runs WHERE finished_at IS NULL",
    "jobs that have not ended": "SELECT count(*) FROM orchestrator.jobs WHERE finished_at IS NULL",
    "attempts that have not ended": "SELECT count(*) FROM orchestrator.attempts WHERE finished_at IS NULL",
    "events in the outbox": "SELECT count(*) FROM orchestrator.outbox",
    "locks": "SELECT count(*) FROM orchestrator.locks",
    "who waits for locks": "SELECT count(*) FROM orchestrator.lock_waiters",
    "subscriptions": "SELECT count(*) FROM orchestrator.subscriptions",
    "statuses that are not delivered": "SELECT count(*) FROM reporter.statuses WHERE outcome <> 'delivered'",
}


def settle(load: Load, people: Rerunner, storage: Storage, witness: Witness, seconds_max: float) -> list[str]:
    """Wait until nothing is under way or left; list what is when the time is over."""
    began = time.monotonic()
    deadline, said = began + seconds_max, ""
    while True:
        found = _under_way(load, people, storage, witness)
        if (now := ", ".join(found)) != said:
            print(f"{time.monotonic() - began:6.1f} s of rest: {now[:200]}", flush=True)
            said = now
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_SECONDS)


def _under_way(load: Load, people: Rerunner, storage: Storage, witness: Witness) -> list[str]:
    """List what goes on, the cheap things first: the dear ones are not looked at before those have ended."""
    stack = load.project.stack
    looks: list[Callable[[], list[str]]] = [
        lambda: [] if load.deliver_again() else ["deliveries that are not accepted"],
        lambda: _not_ready(stack),
        lambda: [f"runs to be run again: {shas}"] if (shas := people.unsettled()) else [],
        lambda: [f"{n} {what}" for what, statement in _COUNTS.items() if (n := count(stack, statement))],
        lambda: _directories(stack),
        lambda: asyncio.run(_on_the_bus(stack)),
        lambda: [f"{kind}: {names}" for kind, names in left_over(storage).items()],
        lambda: remains(storage, witness.networks),
    ]
    for look in looks:
        try:
            if found := look():
                return found
        except (*AWAY, psycopg.OperationalError, TimeoutError) as error:
            return [f"not reachable: {error}"]
    return []


def _not_ready(stack: Stack) -> list[str]:
    for url in (stack.url, stack.ingest_url):
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as reply:
            if reply.status != 200:
                return [f"{url} is not ready"]
    return []


def _directories(stack: Stack) -> list[str]:
    attempts = [path.name for path in (stack.data / "runner" / "jobs").iterdir()]
    spooled = [path.name for path in (stack.data / "ingest").rglob("*.delivery")]
    damaged = [path.name for path in (stack.data / "ingest").rglob("*.damaged")]
    sockets = [str(path) for path in (stack.data / "runner").rglob("command.sock")]
    found = {"attempt directories": attempts, "spooled": spooled, "damaged": damaged, "sockets": sockets}
    return [f"{what}: {names}" for what, names in found.items() if names]


async def _on_the_bus(stack: Stack) -> list[str]:
    """List messages that nobody has handled, or could not."""
    settings, _ = bus_settings(stack.data)
    async with asyncio.timeout(_BUS_SECONDS):
        bus = await connect(settings, "chaos")
        try:
            found: list[str] = []
            for consumer in CONSUMERS:
                info: Any = await bus.jetstream.consumer_info(consumer.stream, consumer.name)
                if info.num_pending or info.num_ack_pending:
                    found.append(f"{consumer.name}: {info.num_pending} pending, {info.num_ack_pending} in hand")
            for stream in ("WORK", "DEAD"):
                state: Any = (await bus.jetstream.stream_info(stream)).state
                if state.messages:
                    found.append(f"{state.messages} messages in {stream}")
            return found
        finally:
            await bus.close()
