"""Exchanges webhook secrets: two are good until the forge signs with the new one. Begun is finished, whoever dies."""

import asyncio
from functools import partial

import structlog

from tisktask_common.database.pool import Connection
from tisktask_common.errors import ConflictError, NotFoundError, TisktaskError
from tisktask_common.ids import RepositoryId
from tisktask_common.setup_requests import RotateSecret, Rotation, WebhookAddress
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.hooks import words
from tisktask_orchestrator.hooks.connecting import Failed, ensure, hook_turn, new_secret, note_failure
from tisktask_orchestrator.loops import survive
from tisktask_orchestrator.repositories.announcing import announce_repository
from tisktask_orchestrator.store.hooks import (
    begin_rotation,
    finish_rotation,
    list_untold_hooks,
    read_hook,
)
from tisktask_orchestrator.store.repositories import read_repository
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

ROUND_SECONDS = 2.0
_AT_ONCE = 4
#: So long the old secret stays good if nothing comes that is signed with the new one.
_OLD_KEPT_SECONDS = 3 * 86_400.0


async def rotate_secret(collaborators: Collaborators, request: RotateSecret, _caller: str) -> Rotation:
    """Begin to exchange the secret, and tell the forge at once. If that fails it is told later: the old one is good."""
    repository = request.repository_id
    async with hook_turn(collaborators, repository) as hook:
        if not hook.has_secret or hook.hook_id is None:
            raise ConflictError(words.no_hook_yet())
        await _begin(collaborators, repository)
        return await _tell(collaborators, repository)


async def tend_rotations(collaborators: Collaborators) -> None:
    """Tell the forges what they could not be told, finish what was broken off, and let old secrets go."""
    async with transaction(collaborators.pool) as connection:
        await finish_rotations(connection)
    async with collaborators.pool.connection() as connection:
        untold = await list_untold_hooks(connection, _AT_ONCE)
    # Each by itself: a forge that takes its time, or one that can not be told, must not hold up the others.
    await asyncio.gather(
        *(survive("tell_webhook", partial(_tell_again, collaborators, repository)) for repository in untold)
    )


async def finish_rotations(connection: Connection, repository: RepositoryId | None = None) -> None:
    """Let the old secret of one repository go, or all that are due, with the caller's transaction."""
    for row in await finish_rotation(connection, _OLD_KEPT_SECONDS, repository):
        await announce_repository(connection, row, is_removed=False)
        log.info("webhook_secret_rotated", repository=row.id, full_name=row.full_name)


async def _begin(collaborators: Collaborators, repository: RepositoryId) -> None:
    async with transaction(collaborators.pool) as connection:
        await begin_rotation(connection, repository, collaborators.secrets.lock(new_secret()))
        row = await read_repository(connection, repository)
        if row:
            # Ingest takes both from here on, or from when it is back; only then the forge is told.
            await announce_repository(connection, row, is_removed=False)
    log.info("webhook_secret_rotation_begun", repository=repository)


async def _tell(collaborators: Collaborators, repository: RepositoryId) -> Rotation:
    async with collaborators.pool.connection() as connection:
        hook = await read_hook(connection, repository)
    if hook is None:
        raise ConflictError(words.no_hook_yet())
    try:
        done = await ensure(collaborators, hook, WebhookAddress(wanted=hook.url))
    except TisktaskError as error:
        await note_failure(collaborators, hook, Failed(error.message))
        return Rotation(problem=error.message)
    return Rotation(
        is_told=done.told_secret == hook.newest_number,
        problem=done.problem,
        is_refused=done.is_refused,
        pause_seconds=done.pause_seconds,
    )


async def _tell_again(collaborators: Collaborators, repository: RepositoryId) -> None:
    try:
        async with hook_turn(collaborators, repository):
            told = await _tell(collaborators, repository)
    except (ConflictError, NotFoundError) as error:
        # Somebody else sees to it, or it was removed meanwhile.
        log.info("webhook_not_told_now", repository=repository, reason=error.message)
        return
    if told.problem:
        log.warning("webhook_secret_not_told", repository=repository, reason=told.problem)
