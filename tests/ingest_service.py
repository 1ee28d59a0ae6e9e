"""The real ingest process for tests, who answers it for the orchestrator, and what it has put on the bus."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import aiohttp
import zstandard
from pydantic import SecretStr

from ingest_payloads import Post
from nats_server import NatsServer, free_port
from quick_folder import quick_folder
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.bus.provision import provision
from tisktask_common.delivery_notes import NoteDelivery
from tisktask_common.events import Repository, RepositoryChanged, TriggerReceived
from tisktask_common.ids import RepositoryId
from tisktask_common.process.settings import BusSettings
from tisktask_common.repository_identity import NoteIdentity
from tisktask_common.rpc import Accepted, HookSecrets, ListRepositories, RepositoryPage
from tisktask_common.sealing import seal
from tisktask_common.subjects import delivery_subject

DEADLINE_SECONDS = 20
PAGE_SIZE = 2
#: Of a repository's first secret, as it is told here.
FIRST_NUMBER = 7


@dataclass
class IngestProcess:
    """`python -m tisktask_ingest` on a port and a state directory that outlive the process."""

    state_dir: Path
    nats_url: str
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return self._log_path.read_text()

    @property
    def _log_path(self) -> Path:
        return self.state_dir.with_suffix(".log")

    def start(self) -> None:
        environment = os.environ | {
            "TISKTASK_LISTEN": f"127.0.0.1:{self.port}",
            "TISKTASK_STATE_DIR": str(self.state_dir),
            "TISKTASK_NATS_URL": self.nats_url,
        }
        with self._log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tisktask_ingest"],
                env=environment | self.settings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=DEADLINE_SECONDS)
        self.process = None
        return code


class Orchestrator:
    """Answers for the orchestrator: these repositories, with these secrets."""

    def __init__(self) -> None:
        self.hooks: dict[RepositoryId, tuple[Repository, list[str]]] = {}
        self.told: list[NoteIdentity] = []
        self.notes: list[NoteDelivery] = []
        self.first_pages = 0

    def add(self, forge: str, full_name: str, *secrets: str) -> Repository:
        identifier = RepositoryId(f"repo_{forge}_{full_name}")
        repository = Repository(id=identifier, forge=forge, full_name=full_name)
        self.hooks[identifier] = (repository, list(secrets))
        return repository

    async def answer(self, request: ListRepositories, caller: str) -> RepositoryPage:
        assert caller == "ingest"
        self.first_pages += request.after is None
        identifiers = sorted(key for key in self.hooks if request.after is None or key > request.after)
        items = [
            HookSecrets(
                repository=self.hooks[key][0],
                clone_url=f"https://forge.example/{self.hooks[key][0].full_name}.git",
                external_id=next((one.external_id for one in reversed(self.told) if one.repository_id == key), None),
                sealed_secrets=[seal(SecretStr(secret), request.public_key) for secret in self.hooks[key][1]],
                secret_numbers=[FIRST_NUMBER + place for place in range(len(self.hooks[key][1]))],
            )
            for key in identifiers[:PAGE_SIZE]
        ]
        return RepositoryPage(items=items, next_after=identifiers[PAGE_SIZE - 1] if identifiers[PAGE_SIZE:] else None)

    async def note(self, request: NoteIdentity, caller: str) -> Accepted:
        assert caller == "ingest"
        self.told.append(request)
        repository, secrets = self.hooks[request.repository_id]
        self.hooks[request.repository_id] = (repository.model_copy(update={"full_name": request.full_name}), secrets)
        return Accepted(accepted=True)

    async def note_delivery(self, request: NoteDelivery, caller: str) -> Accepted:
        assert caller == "ingest"
        self.notes.append(request)
        return Accepted(accepted=request.repository_id in self.hooks)


@dataclass
class Stack:
    """A bus, ingest, and somebody who answers it."""

    nats: NatsServer
    bus: Bus
    ingest: IngestProcess
    orchestrator: Orchestrator
    http: aiohttp.ClientSession

    async def post(self, post: Post) -> tuple[int, dict]:
        url = self.ingest.url + post.path
        async with self.http.post(url, data=BytesIO(post.body), headers=post.headers) as reply:
            return reply.status, await reply.json()

    async def ready(self) -> tuple[int, dict]:
        try:
            async with self.http.get(self.ingest.url + "/readyz") as reply:
                return reply.status, await reply.json()
        except aiohttp.ClientConnectionError:
            return 0, {}

    async def is_ready(self) -> bool:
        return (await self.ready())[0] == 200

    async def metric(self, name: str) -> float:
        async with self.http.get(self.ingest.url + "/metrics") as reply:
            lines = (await reply.text()).splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    async def wait_until_all_repositories_are_known(self) -> None:
        async def are_known() -> bool:
            return await self.is_ready() and await self.metric("tisktask_ingest_repositories ") == len(
                self.orchestrator.hooks
            )

        await wait_until(are_known)

    async def announce_change(self, repository: Repository) -> None:
        await self.bus.publish_event(RepositoryChanged(repository=repository))

    async def triggers(self) -> list[TriggerReceived]:
        """All triggers on the bus, in order."""
        state = (await self.bus.jetstream.stream_info("EVENTS")).state
        messages = [
            await self.bus.jetstream.get_msg("EVENTS", number, direct=True)
            for number in range(state.first_seq, state.last_seq + 1)
            if state.messages
        ]
        return [
            TriggerReceived.model_validate_json(message.data or b"")
            for message in messages
            if (message.subject or "").startswith("trigger.received.")
        ]

    async def payload(self, trigger: TriggerReceived) -> bytes:
        """The raw payload, as the runner puts it together."""
        chunks = [
            await self.bus.jetstream.get_last_msg(
                "DELIVERIES", delivery_subject(trigger.trigger_id, number), direct=True
            )
            for number in range(trigger.payload_chunks)
        ]
        return zstandard.ZstdDecompressor().decompress(b"".join(chunk.data or b"" for chunk in chunks))


async def wait_until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running_stack(folder: Path, **settings: str) -> AsyncIterator[Stack]:
    """Start a bus, an answering orchestrator without repositories, and ingest, all of them empty."""
    with quick_folder("tt-nats-") as store:
        nats = NatsServer.create(store)
        async with _running_stack(nats, IngestProcess(folder / "ingest", nats.url, settings)) as stack:
            yield stack


@asynccontextmanager
async def _running_stack(nats: NatsServer, ingest: IngestProcess) -> AsyncIterator[Stack]:
    nats.start()
    try:
        bus = await connect(BusSettings(nats_url=nats.url, nats_user="admin"), "test")
        await provision(bus.client)
        orchestrator = Orchestrator()
        await bus.answer(ListRepositories, orchestrator.answer, queue="orchestrator")
        await bus.answer(NoteIdentity, orchestrator.note, queue="orchestrator")
        await bus.answer(NoteDelivery, orchestrator.note_delivery, "orchestrator")
        ingest.start()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE_SECONDS)) as http:
            yield Stack(nats, bus, ingest, orchestrator, http)
        await bus.close()
    finally:
        ingest.kill()
        nats.kill()
