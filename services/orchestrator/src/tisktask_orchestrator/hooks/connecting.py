"""Has a repository's webhook made or made right, one at a time, and tries whether its deliveries arrive."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from tisktask_common.errors import ConflictError, NotFoundError, UserError
from tisktask_common.forge_requests import ForgeAnswer
from tisktask_common.ids import RepositoryId
from tisktask_common.setup_requests import (
    Arrival,
    ConnectHook,
    EnsureHook,
    HookEnsured,
    HookTried,
    InspectHook,
    SendTest,
    TryHook,
    WebhookAddress,
)
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.hooks import words
from tisktask_orchestrator.repositories.announcing import announce_repository
from tisktask_orchestrator.repositories.rules import LOCAL
from tisktask_orchestrator.store.hooks import (
    HookRow,
    end_hook_turn,
    ensure_hook_row,
    fail_hook,
    give_webhook_secret,
    read_hook,
    save_hook,
    take_hook_turn,
)
from tisktask_orchestrator.store.repositories import read_repository
from tisktask_orchestrator.store.rows import RepositoryRow
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

#: The reporter asks a forge up to ten times for it, ten seconds each at worst.
ENSURE_SECONDS = 40.0
_TURN_SECONDS = 60.0
_TEST_SECONDS = 15.0
_LOOK_SECONDS = 0.2
_WAIT_SECONDS_MAX = 60.0
#: A forge that is away, or asks for patience, is asked again then.
_RETRY_SECONDS = 60.0
#: One that refuses may be set right by people: a secret that is being exchanged is told again then.
_REFUSED_SECONDS = 600.0


async def connect_hook(collaborators: Collaborators, request: ConnectHook, _caller: str) -> HookEnsured:
    """Have the webhook made, or made right."""
    async with hook_turn(collaborators, request.repository_id) as hook:
        if not hook.has_secret:
            await _give_first_secret(collaborators, request.repository_id)
        address = WebhookAddress(wanted=request.webhook_url, known=hook.url, fallback=request.fallback_url)
        return await ensure(collaborators, hook, address, sets_secret=request.sets_secret)


async def ensure(
    collaborators: Collaborators, hook: HookRow, address: WebhookAddress, *, sets_secret: bool = False
) -> HookEnsured:
    """Have the forge's webhook made right, and note what came of it. Whoever calls has the turn.

    The secret is in our table before the forge is told it, so whatever happens in between, deliveries are understood.
    """
    order = EnsureHook(
        repository_id=hook.repository_id,
        address=address,
        hook_id=hook.hook_id,
        sets_secret=sets_secret or hook.told_number != hook.newest_number,
    )
    done = await collaborators.bus.request(order, ENSURE_SECONDS, ENSURE_SECONDS)
    if done.hook_id is not None:
        async with transaction(collaborators.pool) as connection:
            await save_hook(connection, hook.repository_id, done.hook_id, done.url, done.told_secret)
    if done.problem:
        url = done.url or address.wanted or address.known or address.fallback
        failed = Failed(done.problem, url, done.pause_seconds, is_refused=done.is_refused)
        await note_failure(collaborators, hook, failed)
    log.info(
        "webhook_ensured", repository=hook.repository_id, hook=done.hook_id, is_new=done.is_new, problem=done.problem
    )
    return done


@dataclass(frozen=True)
class Failed:
    """Why a webhook could not be made right."""

    problem: str
    url: str = ""
    pause_seconds: float = 0
    is_refused: bool = False


async def note_failure(collaborators: Collaborators, hook: HookRow, failed: Failed) -> None:
    """Know why, and when it is tried again: what people ordered is finished when the forge is back."""
    seconds = max(_RETRY_SECONDS, failed.pause_seconds)
    if failed.is_refused:
        seconds = _REFUSED_SECONDS if hook.is_rotating else None
    async with transaction(collaborators.pool) as connection:
        problem = bounded(failed.problem, REASON_CHARS_MAX)
        await fail_hook(connection, hook.repository_id, problem, failed.url, seconds)


async def try_hook(collaborators: Collaborators, request: TryHook, _caller: str) -> HookTried:
    """Have a test delivery sent, and wait until ingest has told of it."""
    before = await _read_known(collaborators, request.repository_id)
    if before.hook_id is None:
        raise ConflictError(words.no_hook_yet())
    began = time.monotonic()
    order = SendTest(repository_id=before.repository_id, hook_id=before.hook_id)
    sent = await collaborators.bus.request(order, _TEST_SECONDS, _TEST_SECONDS)
    if not sent.is_sent:
        return HookTried(
            arrival=Arrival.NOT_SENT, url=before.url, **vars(ForgeAnswer.model_validate(sent.model_dump()))
        )
    arrival = await _wait(collaborators, before, min(_WAIT_SECONDS_MAX, max(0, request.wait_seconds)))
    waited_seconds = round(time.monotonic() - began, 2)
    log.info("webhook_tried", repository=before.repository_id, arrival=arrival, seconds=waited_seconds)
    last_answer = "" if arrival is Arrival.ARRIVED else await _ask_last_answer(collaborators, before)
    return HookTried(arrival=arrival, url=before.url, waited_seconds=waited_seconds, last_answer=last_answer)


async def _wait(collaborators: Collaborators, before: HookRow, seconds: float) -> Arrival:
    """Wait for a verified delivery: another than were there before (with whichever secret, so the address is right).

    Whichever of the orchestrators ingest has told, it is in the table.
    """
    deadline = time.monotonic() + seconds
    while True:
        async with collaborators.pool.connection() as connection:
            hook = await read_hook(connection, before.repository_id)
        if hook is None:
            raise NotFoundError(words.unknown_repository(before.repository_id))
        if hook.delivery_count > before.delivery_count:
            return Arrival.ARRIVED
        if time.monotonic() >= deadline or hook.refused_count > before.refused_count:
            has_come = hook.refused_count > before.refused_count
            return Arrival.WRONG_SIGNATURE if has_come else Arrival.NOT_ARRIVED
        await asyncio.sleep(_LOOK_SECONDS)


async def _ask_last_answer(collaborators: Collaborators, hook: HookRow) -> str:
    request = InspectHook(
        repository_id=hook.repository_id, address=WebhookAddress(wanted=hook.url), hook_id=hook.hook_id
    )
    report = await collaborators.bus.request(request, _TEST_SECONDS, _TEST_SECONDS)
    return next((seen.last_answer for seen in report.hooks if seen.last_answer), "")


@asynccontextmanager
async def hook_turn(collaborators: Collaborators, repository: RepositoryId) -> AsyncGenerator[HookRow]:
    """Be the only one who sets up this webhook: two at once would make two. A turn whose owner died ends by itself."""
    row = await _read_in_use(collaborators, repository)
    async with transaction(collaborators.pool) as connection:
        await ensure_hook_row(connection, repository)
        hook = await take_hook_turn(connection, repository, _TURN_SECONDS)
    if hook is None:
        raise ConflictError(words.in_hand(row.full_name))
    try:
        yield hook
    finally:
        async with transaction(collaborators.pool) as connection:
            await end_hook_turn(connection, hook)


async def _give_first_secret(collaborators: Collaborators, repository: RepositoryId) -> None:
    async with transaction(collaborators.pool) as connection:
        row = await give_webhook_secret(connection, repository, collaborators.secrets.lock(new_secret()))
        if row:
            await announce_repository(connection, row, is_removed=False)


def new_secret() -> SecretStr:
    return SecretStr(secrets.token_urlsafe(32))


async def _read_in_use(collaborators: Collaborators, repository: RepositoryId) -> RepositoryRow:
    async with collaborators.pool.connection() as connection:
        row = await read_repository(connection, repository)
    if row is None or row.removed_at:
        raise NotFoundError(words.unknown_repository(repository))
    if row.forge == LOCAL:
        raise UserError(words.no_forge(row.full_name))
    return row


async def _read_known(collaborators: Collaborators, repository: RepositoryId) -> HookRow:
    await _read_in_use(collaborators, repository)
    async with collaborators.pool.connection() as connection:
        hook = await read_hook(connection, repository)
    if hook is None:
        raise ConflictError(words.no_hook_yet())
    return hook
