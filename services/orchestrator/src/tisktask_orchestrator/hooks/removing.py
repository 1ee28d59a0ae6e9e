"""Removes a repository together with its webhook at the forge."""

import structlog

from tisktask_common.errors import TisktaskError
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Accepted, RemoveRepository
from tisktask_common.setup_requests import DropHook
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.hooks import words
from tisktask_orchestrator.hooks.connecting import hook_turn
from tisktask_orchestrator.repositories.requests import take_out_repository
from tisktask_orchestrator.repositories.rules import LOCAL
from tisktask_orchestrator.store.hooks import read_hook
from tisktask_orchestrator.store.repositories import read_repository

log = structlog.get_logger()

DROP_SECONDS = 20.0


async def remove_with_webhook(collaborators: Collaborators, request: RemoveRepository, caller: str) -> Accepted:
    """Take the webhook away as long as there is a token for it. A forge that does not let us keeps nothing here."""
    left = await _drop(collaborators, request.repository_id) if request.removes_webhook else ""
    done = await take_out_repository(collaborators, request, caller)
    return done.model_copy(update={"reason": left}) if left else done


async def _drop(collaborators: Collaborators, repository: RepositoryId) -> str:
    """Have the webhook deleted; say what is left for people to do."""
    async with collaborators.pool.connection() as connection:
        row = await read_repository(connection, repository)
        hook = await read_hook(connection, repository)
    if row is None or row.removed_at or row.forge == LOCAL:
        return ""
    if hook is None or not hook.url:
        # Nobody has ordered one from us.
        return words.hook_by_hand() if row.webhook_secret else ""
    # Nobody is making it right at the same time, and puts it there once more.
    async with hook_turn(collaborators, repository) as hook:
        order = DropHook(repository_id=repository, url=hook.url, hook_id=hook.hook_id)
        try:
            problem = (await collaborators.bus.request(order, DROP_SECONDS, DROP_SECONDS)).problem
        except TisktaskError as error:
            problem = error.message
    if not problem:
        return ""
    log.warning("webhook_not_deleted", repository=repository, url=hook.url, problem=problem)
    return bounded(words.hook_left(hook.url, problem), REASON_CHARS_MAX)
