"""Requests about how a repository's forge is told of its runs; and tokens of its App for those who fetch."""

import re

import structlog

from tisktask_common.database.pool import Connection
from tisktask_common.errors import NotFoundError, UserError
from tisktask_common.ids import RepositoryId
from tisktask_common.reporting import MintFetchToken, SetApp, SetComment
from tisktask_common.rpc import Accepted
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.repositories import words
from tisktask_orchestrator.repositories.announcing import announce_repository
from tisktask_orchestrator.store.reporting import read_reporting, save_app, save_comment
from tisktask_orchestrator.store.rows import RepositoryRow
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

#: A runner waits 6 seconds for its claim.
_MINT_SECONDS = 4.0
_APP_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
_GITHUB = "github"


async def set_app(collaborators: Collaborators, request: SetApp, _caller: str) -> Accepted:
    """Keep an App's key, locked; or forget it."""
    _check(request)
    key = collaborators.secrets.take_in("sealed_app_key", request.sealed_app_key)
    async with transaction(collaborators.pool) as connection:
        row = await save_app(connection, request.repository_id, request.app_id, key)
        await _announce(connection, row, request.repository_id)
        if row and row.forge != _GITHUB and request.app_id is not None:
            raise UserError(words.no_apps_there(row.forge))
    log.info("repository_app_set", repository=request.repository_id, app_id=request.app_id)
    return Accepted(accepted=True)


async def set_comment(collaborators: Collaborators, request: SetComment, _caller: str) -> Accepted:
    """Have pull requests commented from now on, or no more."""
    async with transaction(collaborators.pool) as connection:
        row = await save_comment(connection, request.repository_id, has_comment=request.has_comment)
        await _announce(connection, row, request.repository_id)
    log.info("repository_comment_set", repository=request.repository_id, has_comment=request.has_comment)
    return Accepted(accepted=True)


async def seal_fetch_token(
    collaborators: Collaborators, repository: RepositoryId, locked: bytes | None, public_key: str
) -> str | None:
    """Seal what a repository is fetched with: a fresh token of its App, or the token that it has.

    Raises InfrastructureError if the App's token can not be had at the moment.
    """
    async with collaborators.pool.connection() as connection:
        reporting = await read_reporting(connection, repository)
    if reporting is None or reporting.app_id is None:
        return collaborators.secrets.hand_over(locked, public_key)
    return await mint_fetch_token(collaborators, repository, public_key)


async def mint_fetch_token(collaborators: Collaborators, repository: RepositoryId, public_key: str) -> str | None:
    """Have the reporter, which alone speaks to forges as an App, make a token for a runner."""
    request = MintFetchToken(repository_id=repository, public_key=public_key)
    minted = await collaborators.bus.request(request, _MINT_SECONDS)
    if minted.sealed_token is None:
        # Whoever fetches without it says that it may not: nobody waits for what will not come.
        log.warning("no_token_to_fetch_with", repository=repository, reason=minted.reason)
    return minted.sealed_token


def _check(request: SetApp) -> None:
    if (request.app_id is None) != (request.sealed_app_key is None):
        raise UserError(words.app_without_key())
    if request.app_id is not None and not _APP_ID.fullmatch(request.app_id):
        raise UserError(words.wrong_app_id())


async def _announce(connection: Connection, row: RepositoryRow | None, repository: RepositoryId) -> None:
    if row is None:
        raise NotFoundError(words.unknown_repository(repository))
    await announce_repository(connection, row, is_removed=False)
