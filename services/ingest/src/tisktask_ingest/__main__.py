"""Wires the service together: `python -m tisktask_ingest`."""

import asyncio

from tisktask_common.process.service import Process, run_service
from tisktask_common.sealing import KeyPair
from tisktask_ingest.bus_link import BusLink
from tisktask_ingest.delivery_notes import DeliveryNotes
from tisktask_ingest.identities import Identities
from tisktask_ingest.intake import Intake
from tisktask_ingest.reception import Learnt, Reception
from tisktask_ingest.registry import Registry
from tisktask_ingest.registry_refresh import RegistryRefresh
from tisktask_ingest.replays import Replays
from tisktask_ingest.request_body import RequestBodies
from tisktask_ingest.settings import IngestSettings
from tisktask_ingest.spool import Limits, Spool
from tisktask_ingest.spool_relay import SpoolRelay
from tisktask_ingest.state_dir import StateDir
from tisktask_ingest.webhook_routes import add_webhook_routes


def main() -> None:
    settings = IngestSettings()

    async def run(process: Process) -> None:
        await serve(process, settings)

    run_service("ingest", settings, run)


async def serve(process: Process, settings: IngestSettings) -> None:
    """Take deliveries until cancelled.

    Ready means: the repositories are known (from the orchestrator, or from the snapshot of an earlier life) and an
    accepted delivery can be stored (the bus is connected, or the spool has room). So an outage of the others does not
    take ingest out of a load balancer; that would lose deliveries.
    """
    state = await StateDir.take(settings.state_dir)
    link = BusLink(settings)
    registry = Registry()
    refresh = RegistryRefresh(link, registry, KeyPair.load_or_create(state.key), state.snapshot)
    spool = Spool.open(state.spool, Limits(settings.spool_bytes_max, settings.spool_count_max))
    intake = Intake(link, spool)
    refresh.load_snapshot()

    async def knows_repositories() -> bool:
        return registry.is_loaded

    process.ready_checks |= {"repositories": knows_repositories, "storage": intake.is_open}
    identities = Identities(link)
    notes = DeliveryNotes(link)
    reception = Reception(registry, refresh, intake, Learnt(identities, notes))
    add_webhook_routes(process.app, reception, RequestBodies(settings.bodies_bytes_max))
    server = await process.serve_http()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(link.run(refresh.note_change, Replays(link, registry, intake).replay))
            tasks.create_task(refresh.run())
            tasks.create_task(SpoolRelay(link, spool).run())
            tasks.create_task(identities.run())
            tasks.create_task(notes.run())
    finally:
        await server.close()
        await link.close()
        state.release()


if __name__ == "__main__":
    main()
