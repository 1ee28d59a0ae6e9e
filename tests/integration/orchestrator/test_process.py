"""The orchestrator as a process of its own: it waits for what it needs, says when it is ready, and ends in order."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import psycopg

from nats_server import NatsServer, free_port
from orchestrator_stage import MASTER_KEY, eventually
from tisktask_common.bus.connection import Bus
from tisktask_common.rpc import AskPublicKey


@asynccontextmanager
async def started(port: int, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tisktask_orchestrator",
        env={"TISKTASK_LISTEN": f"127.0.0.1:{port}", **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def status(port: int, path: str) -> int:
    async with aiohttp.ClientSession() as session:
        try:
            async with session.get(f"http://127.0.0.1:{port}{path}") as reply:
                return reply.status
        except aiohttp.ClientError:
            return 0


async def test_it_waits_for_its_servers_says_when_it_is_ready_and_ends_in_order(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    nats_server.kill()
    port = free_port()
    environment = {
        "TISKTASK_MASTER_KEY": MASTER_KEY,
        "TISKTASK_DATABASE_URL": database_url,
        "TISKTASK_NATS_URL": nats_server.url,
    }
    async with started(port, **environment) as process:

        async def answers() -> bool:
            return await status(port, "/healthz") == 200

        async def is_ready() -> bool:
            return await status(port, "/readyz") == 200

        await eventually(answers, "it answers")
        assert await status(port, "/readyz") == 503
        nats_server.start()
        await eventually(is_ready, "it is ready")
        assert (await bus.request(AskPublicKey())).public_key
        async with await psycopg.AsyncConnection.connect(database_url) as connection:
            assert await (await connection.execute("SELECT id FROM api.runs")).fetchall() == []
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 0, output.decode()
    assert MASTER_KEY.encode() not in output


async def test_without_a_usable_master_key_it_says_what_to_do() -> None:
    async with started(free_port(), TISKTASK_MASTER_KEY="much-too-short") as process:
        output, _ = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 1
    assert b"openssl rand -base64 32" in output
    assert b"much-too-short" not in output
    assert b"Traceback" not in output


async def test_without_any_master_key_it_says_what_to_do() -> None:
    async with started(free_port()) as process:
        output, _ = await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode == 1
    assert b"TISKTASK_MASTER_KEY" in output
    assert b"Traceback" not in output
