"""The disk of nats-server is full: senders wait, an operator is told, and all goes on when there is room."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from cli_processes import supervision, until
from small_disk import small_disk
from tisktask_cli.stack.journal import Journal
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.nats import EmbeddedNats
from tisktask_cli.stack.nats_watch import watch_nats
from tisktask_cli.stack.ports import PortBook
from tisktask_cli.stack.provision_bus import provision_bus
from tisktask_common.bus.connection import Bus, Outgoing, connect
from tisktask_common.errors import BusError
from tisktask_common.process.settings import BusSettings

SUBJECT = "trigger.received.github.octo.app"


def user(server: EmbeddedNats, name: str) -> BusSettings:
    seed = SecretStr(server.seed_file(name).read_text().strip())
    return BusSettings(nats_url=server.url, nats_user=name, nats_seed=seed)


@pytest.mark.timeout(120)
async def test_what_was_acknowledged_stays_what_is_new_waits_and_the_server_is_mended_when_there_is_room(
    tmp_path: Path,
) -> None:
    layout = Layout.of(tmp_path / "data")
    server = EmbeddedNats(layout, PortBook(layout.ports).take("nats"), "host")
    with small_disk(server.store, 32) as disk:
        server.write_config()
        async with supervision() as bench:
            process = bench.supervisor.start(server.program(), 1)
            await provision_bus(user(server, "admin"), [])
            journal = Journal("json", bench.output)
            watching = asyncio.create_task(watch_nats(server, process.restart, journal))
            bus = await connect(user(server, "admin"), "admin")
            try:
                await fill_and_free(bus, disk.fill, disk.free, lambda: bench.records("bus_can_not_store"))
                assert process.restarts == 1
                assert len(bench.records("bus_starts_again")) == 1
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await bus.close()


async def fill_and_free(bus: Bus, fill, free, alarms) -> None:
    stored = [await store(bus, number) for number in range(20)]
    fill()
    with pytest.raises(BusError):
        await store(bus, 20, patience_seconds=3)
    waiting = asyncio.create_task(store(bus, 21, patience_seconds=60))
    await until(alarms)
    assert not waiting.done()
    free()
    stored.append(await waiting)
    stored.append(await store(bus, 20, patience_seconds=15))
    state = (await bus.jetstream.stream_info("EVENTS")).state
    messages = [await bus.jetstream.get_msg("EVENTS", seq=number) for number in range(1, state.last_seq + 1)]
    assert sorted(message.data or b"" for message in messages) == sorted(stored)


async def store(bus: Bus, number: int, patience_seconds: float = 15) -> bytes:
    data = b"%d " % number * 20_000
    await bus.publish(Outgoing(SUBJECT, data, f"message-{number}"), patience_seconds)
    return data
