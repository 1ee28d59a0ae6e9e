"""The orchestrator at work: answers requests, takes triggers, dispatches, relays and sweeps until it is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import psycopg
import structlog
from prometheus_client import Counter

from tisktask_common.bus.pull import Puller
from tisktask_common.database.migrate import load_migrations, migrate
from tisktask_common.subjects import TRIGGERS_FOR_ORCHESTRATOR
from tisktask_orchestrator.answers import answer_requests
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.dispatch import dispatch_unclaimed, dispatch_waiting
from tisktask_orchestrator.hearing import Hearing
from tisktask_orchestrator.intake import take_trigger
from tisktask_orchestrator.relay import relay_forever
from tisktask_orchestrator.schema import MIGRATIONS_PACKAGE, SCHEMA
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.sweep import end_lost, forget_old, stop_overdue

log = structlog.get_logger()

loop_failures = Counter("tisktask_loop_failures_total", "Rounds of a loop that failed", ["loop"])

_DISPATCH_SECONDS = 1.0
_SWEEP_SECONDS_MAX = 1.0
_FORGET_SECONDS = 3600.0
_MIGRATE_PAUSE_SECONDS = 1.0


async def serve(collaborators: Collaborators) -> None:
    """Do all that the orchestrator does. The schema is there already."""
    settings = collaborators.settings
    hearing = Hearing(settings.lease_seconds)
    # One at a time: the runs of a repository are numbered in the order in which their triggers came.
    triggers = Puller(collaborators.bus, TRIGGERS_FOR_ORCHESTRATOR, partial(take_trigger, collaborators))
    await answer_requests(collaborators)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(triggers.run())
        tasks.create_task(relay_forever(collaborators))
        tasks.create_task(_dispatch_forever(collaborators))
        tasks.create_task(_repeat("sweep", partial(_sweep, collaborators, hearing), _sweep_seconds(settings)))
        again_seconds = min(_DISPATCH_SECONDS, settings.unclaimed_seconds)
        tasks.create_task(_repeat("offer_again", partial(dispatch_unclaimed, collaborators), again_seconds))
        tasks.create_task(_repeat("forget", partial(forget_old, collaborators), _FORGET_SECONDS))


async def prepare_schema(settings: OrchestratorSettings) -> None:
    """Bring the schema to this version; waits for the database as long as it takes."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                settings.database_url.get_secret_value(), autocommit=True, connect_timeout=3
            ) as connection:
                await migrate(connection, SCHEMA, load_migrations(MIGRATIONS_PACKAGE))
                return
        except psycopg.OperationalError as error:
            log.warning("database_not_reachable", error=str(error))
        await asyncio.sleep(_MIGRATE_PAUSE_SECONDS)


async def _dispatch_forever(collaborators: Collaborators) -> None:
    """Dispatch at once when somebody rang, and by itself every second."""
    while True:
        collaborators.work_wanted.clear()
        await _try("dispatch", partial(dispatch_waiting, collaborators))
        try:
            await asyncio.wait_for(collaborators.work_wanted.wait(), _DISPATCH_SECONDS)
        except TimeoutError:
            continue


async def _sweep(collaborators: Collaborators, hearing: Hearing) -> None:
    await hearing.listen(collaborators.bus)
    try:
        await stop_overdue(collaborators)
        if hearing.is_good():
            await end_lost(collaborators)
    except psycopg.OperationalError:
        hearing.lost()
        raise


def _sweep_seconds(settings: OrchestratorSettings) -> float:
    return min(_SWEEP_SECONDS_MAX, settings.lease_seconds / 15)


async def _repeat(name: str, step: Callable[[], Awaitable[object]], seconds: float) -> None:
    while True:
        await _try(name, step)
        await asyncio.sleep(seconds)


async def _try(name: str, step: Callable[[], Awaitable[object]]) -> None:
    """Take one step of a loop; whatever happens, the loop goes on."""
    try:
        await step()
    except psycopg.OperationalError as error:
        loop_failures.labels(name).inc()
        log.warning("loop_waits_for_database", loop=name, error=str(error))
    except Exception:
        loop_failures.labels(name).inc()
        log.exception("loop_failed", loop=name)
