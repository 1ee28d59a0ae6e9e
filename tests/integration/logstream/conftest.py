"""A logstream process: one that all tests share, and one of a test's own that it may kill."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import ConsoleMessage, Page, StorageState, async_playwright

from logstream_records import Records
from logstream_stand import TOKEN, Client, Logstream
from nats_server import NatsServer
from postgres_server import PostgresServer
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.bus.provision import provision
from tisktask_common.process.settings import BusSettings

#: Missing bytes are waited for so long; longer than the consumer's ack wait only where a test kills something.
GAP_SECONDS = "2"

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def shared(postgres_server: PostgresServer) -> Iterator[Logstream]:
    """Nobody may kill it or its servers; each test has runs and jobs of its own in it."""
    with tempfile.TemporaryDirectory(prefix="tt-ls-") as folder:
        nats = NatsServer.create(Path(folder) / "nats", sync="2m")
        nats.start()
        records = Records(postgres_server.new_database())
        records.prepare()
        options = {"TISKTASK_GAP_SECONDS": GAP_SECONDS, "TISKTASK_LOGS_OPEN_MAX": "8"}
        service = Logstream(Path(folder) / "state", nats, records, options=options)
        try:
            asyncio.run(_provision(nats))
            service.start()
            asyncio.run(service.until_ready())
            yield service
        finally:
            service.end()
            nats.kill()


@pytest.fixture
def records(shared: Logstream) -> Records:
    return shared.records


@pytest.fixture
async def shared_bus(shared: Logstream) -> AsyncIterator[Bus]:
    connection = await connect(BusSettings(nats_url=shared.nats.url, nats_user="admin"), "test")
    yield connection
    await connection.close()


@pytest.fixture
async def client(shared: Logstream) -> AsyncIterator[Client]:
    async with Client(shared.url) as connected:
        yield connected


@pytest.fixture(scope="session")
def sessions() -> list[StorageState]:
    """What a browser remembers of having signed in: signing in is limited, so it is done once."""
    return []


@pytest.fixture
async def page(shared: Logstream, sessions: list[StorageState]) -> AsyncIterator[Page]:
    """A page of a person who has signed in; errors in its console fail the test."""
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: the pages can not be tried in a browser")
    problems: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        context = await browser.new_context(storage_state=sessions[0] if sessions else None)
        page = await context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: problems.append(message.text) if _is_problem(message) else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(shared.url + "/runners")
        if not sessions:
            await page.get_by_label("Admin token").fill(TOKEN)
            await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/runners")
        sessions[:] = [await context.storage_state()]
        yield page
        await browser.close()
    assert problems == []


@pytest.fixture
async def plain_page(page: Page) -> AsyncIterator[Page]:
    """The same person without JavaScript."""
    assert page.context.browser
    context = await page.context.browser.new_context(
        storage_state=await page.context.storage_state(), java_script_enabled=False
    )
    yield await context.new_page()
    await context.close()


@pytest.fixture
async def logstream(
    bus: Bus, nats_server: NatsServer, empty_database_url: str, tmp_path: Path
) -> AsyncIterator[Logstream]:
    """With NATS and a database of the test's own."""
    records = Records(empty_database_url)
    records.prepare()
    service = Logstream(tmp_path / "state", nats_server, records, options={"TISKTASK_GAP_SECONDS": "60"})
    service.start()
    try:
        await service.until_ready()
        yield service
    finally:
        service.end()


def _is_problem(message: ConsoleMessage) -> bool:
    # Chromium breaks requests off when the machine gets another network: as from Podman, in the tests beside.
    return message.type == "error" and "net::ERR_NETWORK_CHANGED" not in message.text


async def _provision(nats: NatsServer) -> None:
    connection = await connect(BusSettings(nats_url=nats.url, nats_user="admin"), "test")
    await provision(connection.client)
    await connection.close()
