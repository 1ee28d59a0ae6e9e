"""Takes one delivery from its raw bytes to its answer: find the repository, verify, normalise, store."""

import asyncio
from dataclasses import dataclass

import structlog

from tisktask_common.events import Repository
from tisktask_common.git_names import one_line
from tisktask_ingest import words
from tisktask_ingest.delivery import Source, pack
from tisktask_ingest.delivery_headers import DeliveryHeaders
from tisktask_ingest.delivery_notes import DeliveryNotes
from tisktask_ingest.forges.dialect import Dialect, normalise, read_identity
from tisktask_ingest.identities import Identities
from tisktask_ingest.intake import Intake, Stored
from tisktask_ingest.outcome import Accepted, Answer, Identity, Ignored, Malformed, Ping, Pong, Refusal, Triggered
from tisktask_ingest.registry import Hook, Registry
from tisktask_ingest.registry_refresh import RegistryRefresh
from tisktask_ingest.signature import find_signing
from tisktask_ingest.signed_content import read_content

log = structlog.get_logger()

_NAME_LENGTH_MAX = 200
#: Repositories that a delivery may be about: by its name, its former one, and its number at forges of one kind.
_CANDIDATES_MAX = 8
_BAD_SIGNATURE = "bad_signature"


@dataclass(frozen=True)
class Learnt:
    """Where it goes what deliveries tell about repositories."""

    identities: Identities
    notes: DeliveryNotes


@dataclass(frozen=True)
class Signer:
    """The repository whose secret has signed, and which of its secrets it was."""

    hook: Hook
    secret_number: int | None


class Reception:
    """What happens to a delivery, step by step."""

    def __init__(self, registry: Registry, refresh: RegistryRefresh, intake: Intake, learnt: Learnt) -> None:
        self._registry = registry
        self._refresh = refresh
        self._intake = intake
        self._identities = learnt.identities
        self._notes = learnt.notes

    async def receive(self, dialect: Dialect, headers: DeliveryHeaders, body: bytes) -> Answer:
        content = await asyncio.to_thread(
            read_content, headers.content_type, body, signs_field=dialect.signs_form_field
        )
        if isinstance(content, Refusal):
            return content
        event = headers.event or headers.event_type
        identity = read_identity(dialect, event, content.payload)
        if isinstance(identity, Refusal):
            return identity
        if identity is None:
            return _answer_without_repository(event)
        if not dialect.concerns_us(event) and not self._registry.find(dialect.forge, identity):
            # A fork's own name, for instance: not an error that the forge should show to its users.
            return Ignored(words.event_not_built(event))
        signer = await self._verify(dialect.forge, identity, headers.signature, content.signed)
        if isinstance(signer, Refusal):
            self._note_refusal(signer, dialect.forge, identity, event)
            return signer
        answer = await self._act(dialect, headers, signer.hook.repository, content.payload)
        self._notes.note(signer.hook, event, signer.secret_number, is_test=isinstance(answer, Pong))
        return answer

    async def _verify(self, forge: str, identity: Identity, signature: bytes, signed: bytes) -> Signer | Refusal:
        hooks = self._registry.find(forge, identity)
        signer = await _find_signer(hooks, signature, signed)
        # The repository or its secret may be newer than what we know.
        if signer is None and await self._refresh.on_demand():
            hooks = self._registry.find(forge, identity)
            signer = await _find_signer(hooks, signature, signed)
        if signer is None:
            return self._refuse(hooks, forge, one_line(identity.full_name, _NAME_LENGTH_MAX))
        self._identities.note(signer.hook, identity)
        return signer

    def _note_refusal(self, refusal: Refusal, forge: str, identity: Identity, event: str) -> None:
        named = self._registry.find(forge, identity)
        if refusal.code == _BAD_SIGNATURE and named:
            self._notes.note_wrong_signature(named[0], event)

    def _refuse(self, hooks: list[Hook], forge: str, full_name: str) -> Refusal:
        if not self._registry.is_loaded:
            return Refusal(503, "starting", words.STARTING)
        if not hooks:
            return Refusal(404, "unknown_repository", words.unknown_repository(forge, full_name))
        if not any(hook.secrets for hook in hooks):
            return Refusal(401, "no_secret", words.no_secret(full_name))
        return Refusal(401, _BAD_SIGNATURE, words.bad_signature(full_name))

    async def _act(self, dialect: Dialect, headers: DeliveryHeaders, repository: Repository, body: bytes) -> Answer:
        match normalise(dialect, headers.event, headers.event_type, body):
            case Triggered() as triggered:
                source = Source(repository, headers.delivery, headers.event or headers.event_type)
                return await self._store(source, triggered, body)
            case Ping():
                return Pong(repository.full_name)
            case Ignored() as ignored:
                return ignored
            case Malformed(field, problem):
                return Refusal(400, "invalid_payload", words.invalid_payload(field, problem))

    async def _store(self, source: Source, triggered: Triggered, body: bytes) -> Answer:
        packed = await asyncio.to_thread(pack, source, triggered, body)
        stored = await self._intake.store(packed)
        if stored is Stored.NOWHERE:
            return Refusal(503, "no_room", words.NO_ROOM)
        return Accepted(packed.event.trigger_id, is_spooled=stored is Stored.IN_SPOOL)


def _answer_without_repository(event: str) -> Answer:
    """Nothing can be verified without a repository, and nothing is done: an organization's ping, for instance."""
    if event in {"push", "pull_request"}:
        return Refusal(400, "invalid_payload", words.invalid_payload("repository.full_name", "it is missing"))
    return Ignored(words.NO_REPOSITORY)


async def _find_signer(hooks: list[Hook], signature: bytes, signed: bytes) -> Signer | None:
    for hook in hooks[:_CANDIDATES_MAX]:
        # In a thread: 25 MiB take a while, and others wait for their answers.
        secret = await asyncio.to_thread(find_signing, signed, signature, hook.secrets)
        if secret is not None:
            return Signer(hook, hook.number_of(secret))
    return None
