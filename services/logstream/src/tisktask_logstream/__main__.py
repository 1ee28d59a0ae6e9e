"""Wires the service together: `python -m tisktask_logstream`."""

import asyncio
import sys
from functools import partial

from pydantic import ValidationError

from tisktask_common.bus.connection import connect
from tisktask_common.bus.pull import Puller
from tisktask_common.database.pool import is_database_ready, open_pool
from tisktask_common.errors import BusError, UserError
from tisktask_common.job_requests import ReadJobLog
from tisktask_common.process.folder_lock import hold_folder
from tisktask_common.process.service import Process, run_service
from tisktask_common.run_deletion import ListIncompleteLogs
from tisktask_common.subjects import DELETIONS_FOR_LOGSTREAM, LOGS_FOR_LOGSTREAM
from tisktask_logstream.archive.deletions import Deletions
from tisktask_logstream.archive.disk import Disk
from tisktask_logstream.archive.durability import GroupSync
from tisktask_logstream.archive.intake import Intake
from tisktask_logstream.archive.ledger import Ledger
from tisktask_logstream.archive.library import Library
from tisktask_logstream.archive.log_store import LogStore
from tisktask_logstream.archive.ownership import AttemptOwners
from tisktask_logstream.archive.removal import Removal
from tisktask_logstream.archive.retention import LogRetention, LogRules
from tisktask_logstream.bus_link import BusLink
from tisktask_logstream.database import Database
from tisktask_logstream.job_logs import JobLogs
from tisktask_logstream.live.run_feed import RunFeed
from tisktask_logstream.live.sse import Seats
from tisktask_logstream.schema import prepare_schema
from tisktask_logstream.server import Parts, add_everything
from tisktask_logstream.settings import LogstreamSettings
from tisktask_logstream.store import Store

SERVICE = "logstream"
#: Chunks in the hands of this process at once: each waits for its group's sync.
CHUNKS_AT_ONCE = 64


def main() -> None:
    try:
        settings = LogstreamSettings()  # pyright: ignore[reportCallIssue] - required fields come from outside
    except UserError as error:
        sys.exit(error.message)
    except ValidationError as error:
        problems = [f"TISKTASK_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        sys.exit("\n".join(problems))
    run_service(SERVICE, settings, partial(serve, settings))


async def serve(settings: LogstreamSettings, process: Process) -> None:
    """Run until cancelled; ends by exception when the bus's connection is closed for good.

    Pages and stored logs are served from the beginning, also while the bus or the database are away.
    """
    folder = await hold_folder(settings.state_dir / "logs")
    pool = await open_pool(settings, SERVICE)
    database, link = Database(pool), BusLink()
    store = Store(database)
    feed = RunFeed(store)
    library = Library(folder.path, settings.logs_open_max, on_new=feed.note_log)
    logs = LogStore(database)
    disk = Disk(folder.path)
    parts = Parts(store, logs, link, library, feed, Seats(settings.streams_max), disk)
    add_everything(process.app, settings, parts)

    async def is_bus_ready() -> bool:
        return link.is_ready

    archive = Archive(settings, parts, disk)

    async def is_schema_ready() -> bool:
        return archive.has_schema.is_set()

    process.ready_checks |= {
        "schema": is_schema_ready,
        "database": partial(is_database_ready, pool),
        "bus": is_bus_ready,
        "disk": disk.is_ready,
    }
    http = await process.serve_http()
    try:
        await _run_parts(settings, link, archive, parts)
    finally:
        await http.close()
        library.close()
        await pool.close()
        folder.release()


class Archive:
    """The parts that store and delete logs, wired."""

    def __init__(self, settings: LogstreamSettings, parts: Parts, disk: Disk) -> None:
        library = parts.library
        removal = Removal(library, parts.logs)
        rules = LogRules(settings.keep_log_days, settings.log_bytes_max)
        self.disk = disk
        self.has_schema = asyncio.Event()
        self.sync = GroupSync()
        self.ledger = Ledger(parts.store, library, parts.bus)
        self.intake = Intake(library, self.sync, disk, AttemptOwners(parts.store), self.ledger)
        self.retention = LogRetention(library.folder, parts.logs, removal, rules)
        self.deletions = Deletions(parts.logs, removal, parts.feed.note_run)


async def _run_parts(settings: LogstreamSettings, link: BusLink, archive: Archive, parts: Parts) -> None:
    closed = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(parts.seats.run())
        tasks.create_task(archive.disk.run())
        tasks.create_task(archive.sync.run())
        tasks.create_task(_keep_ledger(settings, archive))
        bus = await connect(settings, SERVICE, on_closed=closed.set)
        link.attach(bus)
        try:
            await bus.answer(ReadJobLog, JobLogs(parts.store, parts.library).answer, SERVICE)
            await bus.answer(ListIncompleteLogs, archive.deletions.list_incomplete, SERVICE)
            async with asyncio.TaskGroup() as bus_tasks:
                bus_tasks.create_task(parts.feed.run(bus))
                bus_tasks.create_task(archive.intake.sweep(link, settings.gap_seconds))
                bus_tasks.create_task(Puller(bus, LOGS_FOR_LOGSTREAM, archive.intake.take, CHUNKS_AT_ONCE).run())
                bus_tasks.create_task(Puller(bus, DELETIONS_FOR_LOGSTREAM, archive.deletions.take).run())
                bus_tasks.create_task(_end_when(closed))
        finally:
            if not closed.is_set():
                await bus.close()


async def _keep_ledger(settings: LogstreamSettings, archive: Archive) -> None:
    await prepare_schema(settings)
    archive.has_schema.set()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(archive.ledger.run())
        tasks.create_task(archive.retention.run())


async def _end_when(closed: asyncio.Event) -> None:
    await closed.wait()
    raise BusError("the connection to the bus was closed for good: see the lines above")


if __name__ == "__main__":
    main()
