"""The disk of PostgreSQL is full: the services wait and say so, lose nothing, and go on when there is room."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest_payloads import SECRET, delivery, push
from nats_server import NatsServer
from orchestrator_stage import Stage, TestRunner, eventually, make_settings, prepared
from own_postgres import own_postgres_server
from service_processes import START_SECONDS, ServiceProcesses, service_processes
from small_disk import SmallDisk, small_disk
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import InfrastructureError
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import AttemptRef

#: Beside the first of them, segments of the write-ahead log that PostgreSQL keeps.
MEBIBYTES = 128


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    # Not in pytest's tmp_path: PostgreSQL's own user must be able to reach it, and socket paths are short.
    folder = Path(tempfile.mkdtemp(prefix="tt-disk-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with small_disk(folder / "d", MEBIBYTES) as disk:
            yield disk
    finally:
        folder.rmdir()


@pytest.mark.timeout(120)
async def test_with_a_full_disk_the_services_wait_and_say_so_and_nothing_is_lost(
    disk: SmallDisk, bus: Bus, nats_server: NatsServer, tmp_path: Path
) -> None:
    with own_postgres_server(disk.path) as postgres:
        database_url = postgres.new_database()
        stage = Stage(bus, nats_server.url, database_url, make_settings("", ""))
        async with service_processes(tmp_path, nats_server, database_url) as services:
            services.start("ingest", "orchestrator", "reporter", "logstream")
            await eventually(services.are_ready, "all are ready", START_SECONDS)
            sealed = await stage.seal(SECRET)
            await stage.add_repository("octo/app", sealed_webhook_secret=sealed)
            runner = await stage.runner(slots=50)
            accepted = [await deliver(services, "before")]
            work = await stage.next_work()
            assert (await runner.claim(work)).granted
            disk.fill()
            accepted += [await deliver(services, f"full-{number}") for number in range(30)]
            await eventually(lambda: is_said(services), "the orchestrator says that the disk is full")
            ending = asyncio.create_task(persist(runner, work))
            # Reading goes on: the pages are there.
            assert [run["state"] for run in (await services.api("/runs"))["items"]] == ["preparing"]
            disk.free()
            await ending

            async def all_there() -> bool:
                runs = await stage.rows("SELECT delivery FROM api.runs ORDER BY number")
                return [row["delivery"] for row in runs] == accepted

            await eventually(all_there, "each delivery is a run, in their order")
            await eventually(services.are_ready, "all are ready again", START_SECONDS)
            await runner.bus.close()


async def deliver(services: ServiceProcesses, name: str) -> str:
    async def is_taken() -> bool:
        # Until ingest has heard of the repository.
        return (await services.deliver(delivery("github", "push", push(), delivery_id=name)))[0] == 202

    await eventually(is_taken, "ingest takes a delivery")
    return name


async def is_said(services: ServiceProcesses) -> bool:
    status, body = await services.readiness("orchestrator")
    return status == 503 and "disk of the database is full" in body.get("reasons", {}).get("database", "")


async def persist(runner: TestRunner, work: AttemptRef) -> None:
    """Report as runners do: an infrastructure error is not the last word."""
    while True:
        try:
            ended = await runner.ended(work, JobState.SUCCEEDED, prepared=prepared("build"))
        except InfrastructureError:
            await asyncio.sleep(0.2)
        else:
            assert ended.accepted
            return
