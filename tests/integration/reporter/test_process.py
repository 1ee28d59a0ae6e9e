"""The reporter as a process: killed, told to end, started before the servers that it needs."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from forge import Flavour, Forge, Hang
from nats_server import NatsServer, free_port
from reporter_events import SHA, RunStory
from tisktask_common.lifecycle import JobState, RunState

from .conftest import Site, eventually

ON_GITEA = pytest.mark.parametrize("forge", [Flavour.GITEA], indirect=True)
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_process(site: Site, tmp_path: Path) -> Iterator[Start]:
    processes: list[subprocess.Popen[bytes]] = []

    def start(**settings: object) -> subprocess.Popen[bytes]:
        values = {
            "nats_url": site.nats_url,
            "database_url": site.database_url,
            "listen": "127.0.0.1:0",
            "public_url": "https://ci.example.com",
            "retry_delay_seconds": 0.05,
            "post_seconds_max": 1,
            **settings,
        }
        environment = {f"TISKTASK_{name.upper()}": str(value) for name, value in values.items()}
        with (tmp_path / "reporter.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tisktask_reporter"],
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


@ON_GITEA
async def test_what_a_killed_reporter_was_posting_is_posted_by_the_next(
    site: Site, forge: Forge, story: RunStory, start_process: Start, tmp_path: Path
) -> None:
    token = forge.state.add_token("robot")
    site.know(forge, token)
    forge.faults.add(Hang(0.5), times=2)
    first = start_process()
    await site.publish(*story.whole({"build": JobState.SUCCEEDED}, RunState.SUCCEEDED))

    async def is_posting() -> bool:
        return any(row["claimed_until"] for row in await site.rows())

    await eventually(is_posting)
    first.kill()
    start_process()
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    assert {name: one.state for name, one in shown.items()} == {
        "tisktask/push": "success",
        "tisktask/push/build": "success",
    }
    log = tmp_path / "reporter.log"
    await eventually(lambda: log.read_text().count("status_delivered") >= 2)
    assert token.value not in log.read_text()


@ON_GITEA
async def test_a_reporter_that_is_told_to_end_finishes_its_post(
    site: Site, forge: Forge, story: RunStory, start_process: Start
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    forge.faults.add(Hang(0.5))
    process = start_process()
    await site.publish(story.created())

    async def is_posting() -> bool:
        return any(row["claimed_until"] for row in await site.rows())

    await eventually(is_posting)
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 20) == 0
    row = await site.row()
    assert (row["outcome"], row["claimed_until"]) == ("delivered", None)


@ON_GITEA
async def test_it_may_start_before_the_bus_and_outlive_it(
    site: Site, forge: Forge, story: RunStory, nats_server: NatsServer, start_process: Start
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    nats_server.kill()
    port = free_port()
    start_process(listen=f"127.0.0.1:{port}")

    async def answers(path: str, status: int) -> bool:
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
                return response.status == status
        except aiohttp.ClientError:
            return False

    await eventually(lambda: answers("/healthz", 200))
    assert await answers("/readyz", 503)
    nats_server.start()
    await eventually(lambda: answers("/readyz", 200))
    await site.publish(story.created())
    await site.settled()
    nats_server.kill()
    nats_server.start()
    await site.publish(story.finished(RunState.SUCCEEDED))
    # Not `settled`: the killed server may have forgotten that an event was acknowledged.
    await eventually(lambda: forge.state.states("me/app", SHA, "tisktask/push") == ["pending", "success"])


@ON_GITEA
async def test_after_an_hour_without_the_forge_and_two_deaths_of_the_reporter_the_final_state_is_shown(
    site: Site, forge: Forge, story: RunStory, start_process: Start
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    await forge.stop()

    async def wants(state: str) -> bool:
        rows = await site.rows()
        # It was tried, and could not be posted.
        return bool(rows) and all(row["state"] == state and row["error"] for row in rows)

    first = start_process(retry_delay_seconds_max=0.4)
    await site.publish(story.created())
    await eventually(lambda: wants("pending"))
    first.kill()
    await site.let_pass("1 hour")
    await site.publish(story.finished(RunState.FAILED))
    second = start_process(retry_delay_seconds_max=0.4)
    await eventually(lambda: wants("failure"))
    second.kill()
    await site.let_pass("1 hour")
    await forge.start_again()
    start_process(retry_delay_seconds_max=0.4)
    await site.settled()
    assert {one.state for one in forge.state.shown("me/app", SHA).values()} == {"failure"}
