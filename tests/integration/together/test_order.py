"""The services and their servers are started in any order: all become ready, and a run goes its way."""

import asyncio
import random
from pathlib import Path

import pytest

from ingest_payloads import SECRET, delivery, push
from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, make_settings
from own_postgres import own_postgres_server
from service_processes import SERVICES, START_SECONDS, ServiceProcesses, service_processes
from tisktask_common.bus.connection import connect
from tisktask_common.bus.provision import provision
from tisktask_common.lifecycle import JobState
from tisktask_common.process.settings import BusSettings


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_in_whatever_order_they_start_they_become_ready_and_do_a_run(tmp_path: Path, seed: int) -> None:
    order = [*SERVICES, "nats", "streams", "postgres"]
    random.Random(seed).shuffle(order)
    nats = NatsServer.create(tmp_path / "nats")
    with own_postgres_server() as postgres:
        database_url = postgres.new_database()
        postgres.stop()
        try:
            async with service_processes(tmp_path, nats, database_url) as services:
                provisioning = None
                for name in order:
                    if name == "nats":
                        nats.start()
                    elif name == "postgres":
                        postgres.start()
                    elif name == "streams":
                        provisioning = asyncio.create_task(make_streams(nats))
                    else:
                        services.start(name)
                assert provisioning
                await provisioning
                await eventually(services.are_ready, f"all are ready, started in the order {order}", START_SECONDS)
                await do_a_run(services, Stage(await admin(nats), nats.url, database_url, make_settings("", "")))
        finally:
            nats.kill()


async def admin(nats: NatsServer):
    return await connect(BusSettings(nats_url=nats.url, nats_user="admin"), "test")


async def make_streams(nats: NatsServer) -> None:
    bus = await admin(nats)
    await provision(bus.client)
    await bus.close()


async def do_a_run(services: ServiceProcesses, stage: Stage) -> None:
    """From a webhook to its end in the API and the reporter's table."""
    sealed = await stage.seal(SECRET)
    await stage.add_repository("octo/app", sealed_webhook_secret=sealed)

    async def is_taken() -> str:
        status, answer = await services.deliver(delivery("github", "push", push()))
        return answer["id"] if status == 202 else ""

    await eventually(is_taken, "ingest knows the repository")
    runner = await stage.runner()
    await runner.prepare(await stage.next_work(), "build")
    await runner.run(await stage.next_work(), JobState.SUCCEEDED)

    async def is_shown() -> bool:
        items = (await services.api("/runs"))["items"]
        return [item["state"] for item in items] == ["succeeded"]

    await eventually(is_shown, "the API shows the run's end")

    async def is_reported() -> bool:
        rows = await stage.rows("SELECT state FROM reporter.statuses")
        return bool(rows) and {row["state"] for row in rows} == {"success"}

    await eventually(is_reported, "the reporter wants the end to be shown")
    await runner.bus.close()
    await stage.bus.close()
