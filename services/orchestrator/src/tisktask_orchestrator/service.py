"""The orchestrator at work: answers requests, takes triggers, dispatches, relays and sweeps until it is cancelled."""

import asyncio
from functools import partial

import psycopg
import structlog

from tisktask_common.bus.pull import Puller
from tisktask_common.database.migrate import load_migrations, migrate
from tisktask_common.subjects import TRIGGERS_FOR_ORCHESTRATOR
from tisktask_orchestrator.answers import answer_requests
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.dispatch import dispatch_unclaimed, dispatch_waiting
from tisktask_orchestrator.gauges import measure
from tisktask_orchestrator.hooks.rotating import ROUND_SECONDS as ROTATIONS_SECONDS
from tisktask_orchestrator.hooks.rotating import tend_rotations
from tisktask_orchestrator.intake import take_trigger
from tisktask_orchestrator.loops import repeat, repeat_at_bell, run_together, survive
from tisktask_orchestrator.reconciling.forge_looks import ask_forges_forever
from tisktask_orchestrator.reconciling.heads import reconcile_forever
from tisktask_orchestrator.relay import relay_forever
from tisktask_orchestrator.retention.rounds import ROUND_SECONDS, delete_old
from tisktask_orchestrator.runners.hearing import Hearing
from tisktask_orchestrator.schema import MIGRATIONS_PACKAGE, SCHEMA
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.starting.firing import fire_due
from tisktask_orchestrator.starting.starts import tend_starts
from tisktask_orchestrator.stream_ages import ROUND_SECONDS as STREAM_AGES_SECONDS
from tisktask_orchestrator.stream_ages import purge_old
from tisktask_orchestrator.streams import look_at_streams
from tisktask_orchestrator.sweep import end_lost, forget_old, stop_overdue
from tisktask_orchestrator.vetting.comments import heed_comments
from tisktask_orchestrator.vetting.deciding import decide_inspected
from tisktask_orchestrator.vetting.orders import expire_waiting

log = structlog.get_logger()

_DISPATCH_SECONDS = 1.0
#: With the lease, less than 15 s from a host's last word until its jobs are given up.
_SWEEP_SECONDS_MAX = 0.5
_FORGET_SECONDS = 3600.0
_MEASURE_SECONDS = 5.0
_STREAMS_SECONDS = 2.0
_FIRE_SECONDS = 1.0
_STARTS_SECONDS = 5.0
_VETTING_SECONDS = 1.0
_EXPIRE_SECONDS = 5.0
_MIGRATE_PAUSE_SECONDS = 1.0


async def serve(collaborators: Collaborators) -> None:
    """Do all that the orchestrator does. The schema is there already."""
    settings = collaborators.settings
    hearing = Hearing(settings.lease_seconds)
    # One at a time: the runs of a repository are numbered in the order in which their triggers came.
    triggers = Puller(collaborators.bus, TRIGGERS_FOR_ORCHESTRATOR, partial(take_trigger, collaborators))
    dispatch = partial(dispatch_waiting, collaborators)
    await answer_requests(collaborators)
    await run_together(
        triggers.run(),
        relay_forever(collaborators),
        repeat_at_bell("dispatch", dispatch, collaborators.work_wanted, _DISPATCH_SECONDS),
        repeat("offer_again", partial(dispatch_unclaimed, collaborators), _offer_seconds(settings)),
        repeat("sweep", partial(_sweep, collaborators, hearing), _sweep_seconds(settings)),
        repeat("measure", partial(measure, collaborators), _MEASURE_SECONDS),
        repeat("look_at_streams", partial(look_at_streams, collaborators), _STREAMS_SECONDS),
        reconcile_forever(collaborators),
        repeat("fire_schedules", partial(fire_due, collaborators), _FIRE_SECONDS),
        repeat("tend_starts", partial(tend_starts, collaborators), _STARTS_SECONDS),
        ask_forges_forever(collaborators),
        repeat_at_bell("vetting", partial(_vet, collaborators), collaborators.vetting_wanted, _VETTING_SECONDS),
        repeat("expire_waiting", partial(expire_waiting, collaborators), _EXPIRE_SECONDS),
        repeat("tend_rotations", partial(tend_rotations, collaborators), ROTATIONS_SECONDS),
        repeat("forget", partial(forget_old, collaborators), _FORGET_SECONDS),
        repeat("purge_streams", partial(purge_old, collaborators), STREAM_AGES_SECONDS),
        repeat("retention", partial(delete_old, collaborators), ROUND_SECONDS),
    )


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


async def _sweep(collaborators: Collaborators, hearing: Hearing) -> None:
    await hearing.listen(collaborators.bus)
    try:
        await stop_overdue(collaborators)
        await end_lost(collaborators, hearing.is_good)
    except psycopg.OperationalError:
        hearing.lost()
        raise


async def _vet(collaborators: Collaborators) -> None:
    # Side by side: a comment must not wait for what is asked about runs.
    await asyncio.gather(
        survive("decide_inspected", partial(decide_inspected, collaborators)),
        survive("heed_comments", partial(heed_comments, collaborators)),
    )


def _sweep_seconds(settings: OrchestratorSettings) -> float:
    return min(_SWEEP_SECONDS_MAX, settings.lease_seconds / 28)


def _offer_seconds(settings: OrchestratorSettings) -> float:
    return min(_DISPATCH_SECONDS, settings.unclaimed_seconds)
