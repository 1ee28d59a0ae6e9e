"""Takes one delivery from its raw bytes to its answer: find the repository, verify, normalise, store."""

import asyncio

import structlog

from tisktask_common.events import Repository
from tisktask_ingest import words
from tisktask_ingest.delivery import pack
from tisktask_ingest.delivery_headers import DeliveryHeaders
from tisktask_ingest.forges.dialect import Dialect, normalise, read_identity
from tisktask_ingest.forges.git_names import one_line
from tisktask_ingest.intake import Intake, Stored
from tisktask_ingest.outcome import Accepted, Answer, Ignored, Malformed, Ping, Pong, Refusal, Triggered
from tisktask_ingest.registry import Hook, Registry
from tisktask_ingest.registry_refresh import RegistryRefresh
from tisktask_ingest.signature import is_authentic

log = structlog.get_logger()

_NAME_LENGTH_MAX = 200


class Reception:
    """What happens to a delivery, step by step."""

    def __init__(self, registry: Registry, refresh: RegistryRefresh, intake: Intake) -> None:
        self._registry = registry
        self._refresh = refresh
        self._intake = intake

    async def receive(self, dialect: Dialect, headers: DeliveryHeaders, body: bytes) -> Answer:
        event = headers.event or headers.event_type
        identity = read_identity(dialect, event, body)
        if isinstance(identity, Refusal):
            return identity
        if identity is None:
            return _answer_without_repository(event)
        full_name = identity.full_name
        if not dialect.concerns_us(event) and self._registry.find(dialect.forge, full_name) is None:
            # A fork's own name, for instance: not an error that the forge should show to its users.
            return Ignored(words.event_not_built(event))
        repository = await self._verify(dialect.forge, full_name, headers.signature, body)
        if isinstance(repository, Refusal):
            return repository
        return await self._act(dialect, headers, repository, body)

    async def _verify(self, forge: str, full_name: str, signature: bytes, body: bytes) -> Repository | Refusal:
        hook = self._registry.find(forge, full_name)
        is_good = await _is_signed_for(hook, signature, body)
        # The repository or its secret may be newer than what we know.
        if not is_good and await self._refresh.on_demand():
            hook = self._registry.find(forge, full_name)
            is_good = await _is_signed_for(hook, signature, body)
        if hook is not None and is_good:
            return hook.repository
        return self._refuse(hook, forge, one_line(full_name, _NAME_LENGTH_MAX))

    def _refuse(self, hook: Hook | None, forge: str, full_name: str) -> Refusal:
        if not self._registry.is_loaded:
            return Refusal(503, "starting", words.STARTING)
        if hook is None:
            return Refusal(404, "unknown_repository", words.unknown_repository(forge, full_name))
        if not hook.secrets:
            return Refusal(401, "no_secret", words.no_secret(full_name))
        return Refusal(401, "bad_signature", words.bad_signature(full_name))

    async def _act(self, dialect: Dialect, headers: DeliveryHeaders, repository: Repository, body: bytes) -> Answer:
        match normalise(dialect, headers.event, headers.event_type, body):
            case Triggered() as triggered:
                return await self._store(repository, headers.delivery, triggered, body)
            case Ping():
                return Pong(repository.full_name)
            case Ignored() as ignored:
                return ignored
            case Malformed(field, problem):
                return Refusal(400, "invalid_payload", words.invalid_payload(field, problem))

    async def _store(self, repository: Repository, delivery: str, triggered: Triggered, body: bytes) -> Answer:
        packed = await asyncio.to_thread(pack, repository, delivery, triggered, body)
        stored = await self._intake.store(packed)
        if stored is Stored.NOWHERE:
            return Refusal(503, "no_room", words.NO_ROOM)
        return Accepted(packed.event.trigger_id, is_spooled=stored is Stored.IN_SPOOL)


def _answer_without_repository(event: str) -> Answer:
    """Nothing can be verified without a repository, and nothing is done: an organization's ping, for instance."""
    if event in {"push", "pull_request"}:
        return Refusal(400, "invalid_payload", words.invalid_payload("repository.full_name", "it is missing"))
    return Ignored(words.NO_REPOSITORY)


async def _is_signed_for(hook: Hook | None, signature: bytes, body: bytes) -> bool:
    # In a thread: 25 MiB take a while, and others wait for their answers.
    return hook is not None and await asyncio.to_thread(is_authentic, body, signature, hook.secrets)
