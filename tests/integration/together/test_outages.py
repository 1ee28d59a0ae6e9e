"""NATS and PostgreSQL are away again and again while webhooks come in: each that was answered with 2xx is one run."""

import asyncio
import itertools
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from ingest_payloads import SECRET, delivery, push
from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, make_settings
from own_postgres import own_postgres_server, start_again
from service_processes import START_SECONDS, ServiceProcesses, service_processes
from tisktask_common.bus.connection import Bus

SENDERS = 3


@pytest.mark.timeout(120)
async def test_each_delivery_that_was_accepted_becomes_exactly_one_run(
    bus: Bus, nats_server: NatsServer, tmp_path: Path
) -> None:
    with own_postgres_server() as postgres:
        database_url = postgres.new_database()
        stage = Stage(bus, nats_server.url, database_url, make_settings("", ""))
        async with service_processes(tmp_path, nats_server, database_url) as services:
            services.start("ingest", "orchestrator")
            await begin(services, stage)
            accepted: list[str] = []
            is_over = asyncio.Event()
            sending = [asyncio.create_task(send(services, str(n), accepted, is_over)) for n in range(SENDERS)]
            await grow(accepted)
            nats_server.kill()
            await grow(accepted)
            postgres.kill()
            await grow(accepted)
            nats_server.start()
            await grow(accepted)
            services.end("orchestrator")
            services.start("orchestrator")
            await grow(accepted)
            start_again(postgres)
            await grow(accepted)
            # And the two together, with ingest.
            nats_server.kill()
            postgres.kill()
            await grow(accepted)
            services.end("ingest")
            services.start("ingest")
            await grow(accepted)
            start_again(postgres)
            nats_server.start()
            is_over.set()
            await asyncio.gather(*sending)
            await check(stage, accepted)


async def begin(services: ServiceProcesses, stage: Stage) -> None:
    await eventually(lambda: services.are_ready("ingest", "orchestrator"), "both are ready", START_SECONDS)
    sealed = await stage.seal(SECRET)
    await stage.add_repository("octo/app", sealed_webhook_secret=sealed)

    async def is_taken() -> bool:
        # A ping makes no run.
        ping = {"zen": "x", "hook_id": 1, "repository": push()["repository"]}
        return (await services.deliver(delivery("github", "ping", ping)))[0] < 300

    await eventually(is_taken, "ingest knows the repository")


async def send(services: ServiceProcesses, name: str, accepted: list[str], is_over: asyncio.Event) -> None:
    """Deliver one after the other, as a forge does; what is refused or not answered is not sent again, but for a third."""
    for number in itertools.count():
        if is_over.is_set():
            return
        post = delivery("github", "push", push(), delivery_id=f"{name}-{number}")
        for _ in range(2 if number % 3 == 0 else 1):
            try:
                status, _ = await services.deliver(post)
            except aiohttp.ClientError:  # ingest was killed
                await asyncio.sleep(0.05)
                continue
            if 200 <= status < 300:
                accepted.append(f"{name}-{number}")


async def grow(accepted: list[str]) -> None:
    """Wait until more deliveries were accepted."""
    wanted = len(accepted) + 6

    async def is_reached() -> bool:
        return len(accepted) >= wanted

    await eventually(is_reached, "deliveries are accepted, whatever is away")


async def check(stage: Stage, accepted: list[str]) -> None:
    wanted = set(accepted)

    async def all_there() -> bool:
        rows = await stage.rows("SELECT delivery FROM api.runs")
        return wanted <= {row["delivery"] for row in rows}

    await eventually(all_there, "each accepted delivery has a run")
    await stage.wait_for_empty_outbox()
    runs = Counter(row["delivery"] for row in await stage.rows("SELECT delivery FROM api.runs"))
    assert set(runs.values()) == {1}
