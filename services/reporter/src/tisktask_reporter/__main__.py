"""Puts the reporter together and runs it: `python -m tisktask_reporter`."""

import asyncio
from functools import partial

import psycopg
import structlog

from tisktask_common.bus.connection import Bus, connect
from tisktask_common.bus.pull import Puller
from tisktask_common.database.migrate import load_migrations, migrate
from tisktask_common.database.pool import Pool, is_database_ready, open_pool
from tisktask_common.errors import BusError
from tisktask_common.process.service import Process, run_service
from tisktask_common.reporting import MintFetchToken
from tisktask_common.run_deletion import ListUndelivered
from tisktask_common.subjects import RUNS_FOR_REPORTER
from tisktask_reporter.accounts import Paces
from tisktask_reporter.check_delivery import CheckDelivery
from tisktask_reporter.comment_delivery import CommentDelivery
from tisktask_reporter.credentials import CredentialBook
from tisktask_reporter.deletions import Deletions
from tisktask_reporter.delivery import Deliverer
from tisktask_reporter.delivery_loop import DeliveryLoop
from tisktask_reporter.fetching import FetchTokens
from tisktask_reporter.forge_desk import ForgeDesk
from tisktask_reporter.forges.client import ForgeClient
from tisktask_reporter.forges.exchange import Exchange, new_session
from tisktask_reporter.forges.installations import Installations
from tisktask_reporter.forges.policy import RetryLimits
from tisktask_reporter.hook_desk import HookDesk
from tisktask_reporter.intake import Intake
from tisktask_reporter.patient_desk import PatientDesk
from tisktask_reporter.remarks import RemarkReader
from tisktask_reporter.schema import MIGRATIONS_PACKAGE, SCHEMA
from tisktask_reporter.secret_book import SecretBook
from tisktask_reporter.settings import ReporterSettings
from tisktask_reporter.setup_desk import SetupDesk
from tisktask_reporter.store import Store
from tisktask_reporter.times import now
from tisktask_reporter.trust_desk import TrustDesk
from tisktask_reporter.upkeep import keep_up

log = structlog.get_logger()

EVENTS_AT_ONCE = 8
REPOSITORY_CHANGES = "repository.changed.>"


def main() -> None:
    run_service("reporter", ReporterSettings(), serve)


async def serve(process: Process) -> None:
    """Answer about health at once, and work as soon as the bus and the database are there."""
    settings = process.settings
    assert isinstance(settings, ReporterSettings)  # noqa: S101 - main() has made them
    # Before anybody can ask: with nothing to check it would count as ready.
    process.ready_checks |= {"database": _not_yet, "bus": _not_yet}
    server = await process.serve_http()
    pool = await open_pool(settings, "reporter")
    try:
        await _migrate_patiently(pool)
        process.ready_checks["database"] = partial(is_database_ready, pool)
        await _connect_and_report(process, settings, pool)
    finally:
        await pool.close()
        await server.close()


async def _migrate_patiently(pool: Pool) -> None:
    migrations = load_migrations(MIGRATIONS_PACKAGE)
    while True:
        try:
            async with pool.connection() as connection:
                await connection.set_autocommit(True)
                try:
                    await migrate(connection, SCHEMA, migrations)
                finally:
                    await connection.set_autocommit(False)
        except (psycopg.OperationalError, OSError) as error:
            log.warning("database_not_reachable", error=str(error))
            await asyncio.sleep(1)
        else:
            return


async def _connect_and_report(process: Process, settings: ReporterSettings, pool: Pool) -> None:
    is_closed = asyncio.Event()
    bus = await connect(settings, "reporter", on_closed=is_closed.set)
    process.ready_checks["bus"] = partial(_is_bus_ready, bus)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_fail_when_closed(is_closed))
            group.create_task(run_reporter(settings, bus, pool))
    finally:
        await bus.close()


async def _not_yet() -> bool:
    return False


async def _is_bus_ready(bus: Bus) -> bool:
    return bus.is_ready


async def _fail_when_closed(is_closed: asyncio.Event) -> None:
    await is_closed.wait()
    raise BusError("the connection to the bus was closed for good: the process ends to be started anew")


async def run_reporter(settings: ReporterSettings, bus: Bus, pool: Pool) -> None:
    """Take events and post statuses until cancelled. The schema is there."""
    store = Store(pool, settings.description_seconds_min)
    credentials = CredentialBook(bus)
    limits = RetryLimits(
        delay_seconds=settings.retry_delay_seconds,
        delay_seconds_max=settings.retry_delay_seconds_max,
        faults_max=settings.faults_max,
        away_seconds_max=settings.away_seconds_max,
    )
    async with new_session() as session, asyncio.TaskGroup() as group:
        exchange = Exchange(session, limits, settings.post_seconds_max, now)
        installations = Installations(exchange, now)
        deliverer = Deliverer(
            store=store,
            credentials=credentials,
            paces=Paces(
                settings.posts_per_account_max,
                settings.github_post_pause_seconds,
                settings.github_posts_per_hour_max,
            ),
            client=ForgeClient(exchange, now),
            checks=CheckDelivery(exchange, store, RemarkReader(pool), now),
            comments=CommentDelivery(exchange, store, RemarkReader(pool), now),
            installations=installations,
            limits=limits,
            post_seconds_max=settings.post_seconds_max,
        )
        loop = DeliveryLoop(store, deliverer.deliver, settings.posts_at_once_max)
        deletions = Deletions(store)
        intake = Intake(store, credentials, settings.public_url, loop.wake, deletions)
        await bus.answer(ListUndelivered, deletions.list_undelivered, "reporter")
        await bus.answer(MintFetchToken, FetchTokens(credentials, installations).mint, "reporter")
        desk = ForgeDesk(store, credentials, exchange, installations, settings.webhook_url)
        await _open_desks(bus, desk, credentials, exchange, settings)
        await bus.client.subscribe(REPOSITORY_CHANGES, cb=intake.take_repository_change)
        group.create_task(loop.run())
        group.create_task(Puller(bus, RUNS_FOR_REPORTER, intake.take_event, EVENTS_AT_ONCE).run())
        group.create_task(keep_up(store, settings.statuses_kept_days))


async def _open_desks(
    bus: Bus, desk: ForgeDesk, credentials: CredentialBook, exchange: Exchange, settings: ReporterSettings
) -> None:
    """Answer what others ask of forges."""
    secrets, patient = SecretBook(bus), PatientDesk(desk, settings.github_post_pause_seconds)
    await desk.open(bus)
    await TrustDesk(desk).open(bus)
    await SetupDesk(patient, credentials, secrets, exchange, now).open(bus)
    await HookDesk(patient, credentials, secrets, settings.webhook_url).open(bus)


if __name__ == "__main__":
    main()
