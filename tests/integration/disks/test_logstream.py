"""The disk of the logs is full: nothing is acknowledged, people are told, and all goes on by itself when there is room."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from logstream_chunks import Sender, make_chunks, numbered
from logstream_records import Records
from logstream_stand import Client, Logstream, assert_all_lines_once, collect, until
from nats_server import NatsServer
from small_disk import SmallDisk, small_disk
from tisktask_common.bus.connection import Bus

LINES = 50_000
TEXT = numbered(LINES)
JOBS = 6
#: Less than the logs need.
ROOM_BYTES = 3 * 1024 * 1024


@pytest.fixture
async def service(
    bus: Bus, nats_server: NatsServer, empty_database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Logstream, SmallDisk]]:
    records = Records(empty_database_url)
    records.prepare()
    with small_disk(tmp_path / "state" / "logs", 24) as disk:
        disk.fill()
        disk.free(ROOM_BYTES)
        service = Logstream(tmp_path / "state", nats_server, records, options={"TISKTASK_GAP_SECONDS": "60"})
        service.start()
        try:
            await service.until_ready()
            yield service, disk
        finally:
            service.end(signal.SIGKILL)


async def test_logs_wait_on_the_bus_until_the_disk_has_room_and_are_whole_then(
    bus: Bus, service: tuple[Logstream, SmallDisk]
) -> None:
    logstream, disk = service
    run = logstream.records.add_run()
    jobs = [logstream.records.add_job(run, f"job-{number}") for number in range(JOBS)]
    for job in jobs:
        await Sender(bus, run, job).send(*make_chunks(TEXT, 50_000))
    await until_told(logstream)
    # What is stored is shown meanwhile; a kill -9 changes nothing.
    async with Client(logstream.url) as client:
        page = await client.get(f"/api/v1/jobs/{jobs[0]}/log", from_line=1, lines=10)
        assert [line["text"] for line in page["lines"][:2]] == ["line 1 of the log", "line 2 of the log"]
    logstream.end(signal.SIGKILL)
    logstream.start()
    await until_told(logstream)
    assert disk.free_bytes < ROOM_BYTES / 2
    disk.free()
    async with Client(logstream.url) as client:
        for job in jobs:
            assert_all_lines_once(await collect(client, job), LINES)
            async with client.http.get(f"/api/v1/jobs/{job}/log") as answer:
                assert await answer.read() == TEXT
        await logstream.until_ready()
        assert "takes nothing more" not in await page_of(client, jobs[0])


async def until_told(logstream: Logstream) -> None:
    """Readiness says it in a sentence, and so does every page."""
    async with Client(logstream.url) as client:

        async def is_told() -> str:
            try:
                async with client.http.get("/readyz") as answer:
                    body = await answer.json()
            except OSError:
                return ""
            return body.get("reasons", {}).get("disk", "") if answer.status == 503 else ""

        assert "Make room" in await until(is_told)
        run = logstream.records.execute("SELECT id FROM api.jobs LIMIT 1")[0][0]
        assert "takes nothing more" in await page_of(client, run)


async def page_of(client: Client, job: str) -> str:
    async with client.http.get(f"/jobs/{job}", headers={"Accept": "text/html"}) as answer:
        assert answer.status == 200
        return await answer.text()
