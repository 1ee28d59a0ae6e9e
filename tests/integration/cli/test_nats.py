"""The embedded nats-server: what it keeps, and who may say and hear what on it."""

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import nats
import nkeys
import pytest
from nats.aio.client import Client

from cli_processes import Bench, supervision, until
from tisktask_cli.errors import CommandError
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.nats import EmbeddedNats
from tisktask_cli.stack.ports import PortBook
from tisktask_cli.stack.provision_bus import provision_bus
from tisktask_common.approvals import ApproveRun, DeclineRun
from tisktask_common.delivery_notes import NoteDelivery
from tisktask_common.forge_requests import (
    AskPermission,
    AskPull,
    ListFailedDeliveries,
    ListOpenPulls,
    RedeliverWebhooks,
)
from tisktask_common.looks import HeadsSeen, TakeLook
from tisktask_common.process.settings import BusSettings
from tisktask_common.replays import ReplayDelivery
from tisktask_common.repository_identity import NoteIdentity
from tisktask_common.setup_requests import (
    AskHookSecret,
    CheckRights,
    ConnectHook,
    EnsureHook,
    InspectHook,
    ListAdministrable,
    RecogniseForge,
    ResealSecret,
    RotateSecret,
    SendTest,
    TryHook,
)
from tisktask_common.starts import AddSchedule, ChangeSchedule, RemoveSchedule, RunSchedule, StartRun

HOST = "host-1"


def embedded(folder: Path) -> EmbeddedNats:
    layout = Layout.of(folder)
    return EmbeddedNats(layout, PortBook(layout.ports).take("nats"), HOST)


def settings(server: EmbeddedNats, user: str) -> BusSettings:
    seed = server.seed_file(user).read_text().strip()
    return BusSettings.model_validate({"nats_url": server.url, "nats_user": user, "nats_seed": seed})


async def serve(bench: Bench, server: EmbeddedNats) -> None:
    server.write_config()
    bench.supervisor.start(server.program(), 1)
    await provision_bus(settings(server, "admin"), server.integrators())


@asynccontextmanager
async def client(server: EmbeddedNats, user: str) -> AsyncIterator["Speaker"]:
    errors: list[str] = []

    async def note(error: Exception) -> None:
        errors.append(str(error))

    connection = await nats.connect(
        server.url,
        nkeys_seed_str=server.seed_file(user).read_text().strip(),
        inbox_prefix=f"_INBOX_{user}",
        error_cb=note,
    )
    try:
        yield Speaker(connection, errors)
    finally:
        await connection.close()


class Speaker:
    """A user of the bus, and what the server refused it."""

    def __init__(self, connection: Client, errors: list[str]) -> None:
        self.nats = connection
        self.errors = errors
        self.asked = 0

    async def may_publish(self, subject: str) -> bool:
        await self.nats.publish(subject, b"{}")
        return await self._was_allowed("publish", subject)

    async def may_subscribe(self, subject: str) -> bool:
        await self.nats.subscribe(subject)
        return await self._was_allowed("subscription", subject)

    async def _was_allowed(self, what: str, subject: str) -> bool:
        # The server answers in order: when it has refused what nobody may, it has said what it thinks of the other.
        self.asked += 1
        never = f"nobody.may.say.this.{self.asked}"
        await self.nats.publish(never, b"")
        await until(lambda: any(never in error for error in self.errors))
        return not any(what in error.lower() and f'"{subject}"'.lower() in error.lower() for error in self.errors)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedNats]:
    found = embedded(tmp_path)
    found.add_integrator("acme")
    async with supervision() as bench:
        await serve(bench, found)
        yield found


async def test_a_runner_speaks_for_itself_alone(server: EmbeddedNats) -> None:
    async with client(server, f"runner-{HOST}") as runner:
        assert await runner.may_publish(f"log.{HOST}.run.job.1")
        assert await runner.may_publish(f"rpc.claim.runner-{HOST}")
        assert not await runner.may_publish("log.host-2.run.job.1")
        assert not await runner.may_publish("rpc.claim.runner-host-2")
        assert not await runner.may_publish("rpc.ended.runner-host-2")
        assert not await runner.may_publish("rpc.add-repository.logstream")
        assert not await runner.may_publish("job.finished.github.acme.widget")
        assert not await runner.may_publish("work.default.job.1")
        assert not await runner.may_publish("$JS.API.STREAM.DELETE.EVENTS")
        assert not await runner.may_subscribe("control.host-2")
        assert not await runner.may_subscribe("_INBOX_orchestrator.>")
        assert not await runner.may_subscribe("rpc.>")


async def test_only_logstream_asks_for_runs_and_schedules_and_says_what_people_allow(server: EmbeddedNats) -> None:
    kinds = (StartRun, AddSchedule, ChangeSchedule, RemoveSchedule, RunSchedule, ApproveRun, DeclineRun)
    names = [kind.subject_name for kind in kinds]
    for user in ("logstream", "ingest", "reporter", f"runner-{HOST}", "acme"):
        async with client(server, user) as speaker:
            for name in names:
                assert await speaker.may_publish(f"rpc.{name}.logstream") == (user == "logstream"), (user, name)
                if user != "logstream":
                    assert not await speaker.may_publish(f"rpc.{name}.{user}"), (user, name)


async def test_only_logstream_asks_for_replays_and_only_ingest_hears_of_them_and_tells_new_names(
    server: EmbeddedNats,
) -> None:
    for user in ("logstream", "ingest", "reporter", f"runner-{HOST}", "acme"):
        async with client(server, user) as speaker:
            for asker in ("logstream", user):
                may = user == "logstream"
                assert await speaker.may_publish(f"rpc.{ReplayDelivery.subject_name}.{asker}") == may, user
            assert await speaker.may_publish(f"rpc.{NoteIdentity.subject_name}.ingest") == (user == "ingest"), user
            assert await speaker.may_subscribe(f"rpc.{ReplayDelivery.subject_name}.*") == (user == "ingest"), user
            reads = user in {"ingest", f"runner-{HOST}"}
            assert await speaker.may_publish("$JS.API.DIRECT.GET.DELIVERIES.delivery.trg_1.0") == reads, user


async def test_runners_look_for_themselves_and_only_the_orchestrator_asks_about_forges(server: EmbeddedNats) -> None:
    looks = [kind.subject_name for kind in (TakeLook, HeadsSeen)]
    kinds = (ListOpenPulls, ListFailedDeliveries, RedeliverWebhooks, AskPermission, AskPull)
    questions = [kind.subject_name for kind in kinds]
    for user in (f"runner-{HOST}", "orchestrator", "logstream", "ingest", "reporter", "acme"):
        async with client(server, user) as speaker:
            for name in looks:
                assert await speaker.may_publish(f"rpc.{name}.{user}") == user.startswith("runner-"), (user, name)
                assert not await speaker.may_publish(f"rpc.{name}.runner-host-2"), (user, name)
            for name in questions:
                assert await speaker.may_publish(f"rpc.{name}.orchestrator") == (user == "orchestrator"), (user, name)
                may_hear = user in {"orchestrator", "reporter"}
                assert await speaker.may_subscribe(f"rpc.{name}.*") == may_hear, (user, name)


async def test_only_those_who_set_repositories_up_ask_about_it(server: EmbeddedNats) -> None:
    askers = {
        "logstream": (ConnectHook, TryHook, RotateSecret, RecogniseForge, ListAdministrable, CheckRights, InspectHook),
        "orchestrator": (EnsureHook, InspectHook, SendTest),
        "reporter": (ResealSecret, AskHookSecret),
        "ingest": (NoteDelivery,),
    }
    kinds = {kind for some in askers.values() for kind in some}
    for_reporter = {RecogniseForge, ListAdministrable, CheckRights, InspectHook, EnsureHook, SendTest}
    for user in ("logstream", "orchestrator", "reporter", "ingest", f"runner-{HOST}", "acme"):
        async with client(server, user) as speaker:
            for kind in kinds:
                may_ask = kind in askers.get(user, ())
                assert await speaker.may_publish(f"rpc.{kind.subject_name}.{user}") == may_ask, (user, kind)
                may_hear = user == "orchestrator" or (user == "reporter" and kind in for_reporter)
                assert await speaker.may_subscribe(f"rpc.{kind.subject_name}.*") == may_hear, (user, kind)


async def test_an_integrator_reads_all_public_events_and_says_nothing(server: EmbeddedNats) -> None:
    async with client(server, "acme") as acme:
        for subject in ("run.>", "job.>", "trigger.>", "runner.>", "image.>", "repository.>"):
            assert await acme.may_subscribe(subject), subject
        for subject in ("log.>", "work.>", "delivery.>", "rpc.>", "control.>", "_INBOX_admin.>", ">"):
            assert not await acme.may_subscribe(subject), subject
        for subject in (
            "run.created.github.acme.widget",
            "rpc.claim.acme",
            "$JS.API.CONSUMER.CREATE.EVENTS.mine",
            "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.acme",
            "$JS.API.CONSUMER.DELETE.EVENTS.acme",
            "$JS.API.CONSUMER.MSG.NEXT.EVENTS.orchestrator",
            "$JS.API.STREAM.PURGE.EVENTS",
        ):
            assert not await acme.may_publish(subject), subject


async def test_an_integrator_gets_events_live_and_with_history(server: EmbeddedNats) -> None:
    async with client(server, "admin") as admin, client(server, "acme") as acme:
        await admin.nats.jetstream().publish("run.created.github.acme.widget", b"before")
        live = await acme.nats.subscribe("run.>")
        await acme.nats.flush()
        await admin.nats.jetstream().publish("run.finished.github.acme.widget", b"now")
        assert (await live.next_msg(5)).data == b"now"
        inbox = await acme.nats.subscribe(acme.nats.new_inbox())
        await acme.nats.publish(
            "$JS.API.CONSUMER.MSG.NEXT.EVENTS.acme", json.dumps({"batch": 2}).encode(), reply=inbox.subject
        )
        history = [await inbox.next_msg(5) for _ in range(2)]
        assert [message.data for message in history] == [b"before", b"now"]
        await acme.nats.request(history[0].reply, b"+ACK", timeout=5)


async def test_the_other_services_have_their_own_words_only(server: EmbeddedNats) -> None:
    async with client(server, "ingest") as ingest, client(server, "reporter") as reporter:
        assert await ingest.may_publish("trigger.received.github.acme.widget")
        assert not await ingest.may_publish("run.created.github.acme.widget")
        assert not await ingest.may_publish("rpc.credential.ingest")
        assert not await reporter.may_publish("trigger.received.github.acme.widget")
        assert not await reporter.may_subscribe("log.>")


async def test_nobody_enters_without_a_key(server: EmbeddedNats) -> None:
    assert await is_refused(server, None)


async def test_users_that_are_added_while_the_server_runs_are_let_in(server: EmbeddedNats) -> None:
    """While it reads its configuration again, the server has moments in which it knows no streams."""
    for number in range(30):
        assert server.add_integrator(f"later-{number}").stat().st_mode & 0o777 == 0o600
        assert server.reload()
        await provision_bus(settings(server, "admin"), server.integrators())
    async with client(server, "later-29") as last:
        assert await last.may_subscribe("run.>")


@pytest.mark.parametrize("name", ["orchestrator", "admin", "system", "runner-host-9", "UPPER", "a b", "", "x" * 40])
def test_a_name_that_could_be_somebody_else_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError):
        embedded(tmp_path).add_integrator(name)


async def test_messages_survive_a_kill_and_the_port_stays(tmp_path: Path) -> None:
    server = embedded(tmp_path)
    async with supervision() as bench:
        await serve(bench, server)
        async with client(server, "admin") as admin:
            await admin.nats.jetstream().publish("run.created.x.y.z", b"kept")
        os.kill(int(server.pid_file.read_text()), signal.SIGKILL)
        await until(lambda: bench.records("process_ended"))
        async with client(server, "admin") as admin:
            message = await admin.nats.jetstream().get_msg("EVENTS", 1)
            assert message.data == b"kept"
    assert embedded(tmp_path).port == server.port


async def test_two_stand_side_by_side(tmp_path: Path) -> None:
    one, other = embedded(tmp_path / "one"), embedded(tmp_path / "other")
    async with supervision() as bench:
        await serve(bench, one)
        other_book = PortBook(other.layout.ports)
        other = EmbeddedNats(other.layout, other_book.take("nats"), HOST)
        await serve(bench, other)
        assert one.port != other.port
        assert await is_refused(other, one.seed_file("admin"))  # each has keys of its own
        assert not await is_refused(other, other.seed_file("admin"))


async def is_refused(server: EmbeddedNats, seed_file: Path | None) -> bool:
    """Speak to the server by hand: the client library does not close what it was refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    hello = json.loads((await reader.readline()).removeprefix(b"INFO "))
    options = {"verbose": True, "pedantic": False}
    if seed_file:
        keys = nkeys.from_seed(bytearray(seed_file.read_bytes().strip()))
        signature = base64.urlsafe_b64encode(keys.sign(hello["nonce"].encode())).decode().rstrip("=")
        options |= {"nkey": bytes(keys.public_key).decode(), "sig": signature}
    writer.write(b"CONNECT " + json.dumps(options).encode() + b"\r\n")
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer.startswith(b"-ERR 'Authorization")
