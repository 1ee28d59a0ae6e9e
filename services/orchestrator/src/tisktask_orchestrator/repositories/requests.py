"""Requests about repositories and their secrets."""

import structlog

from tisktask_common.errors import NotFoundError
from tisktask_common.events import Repository
from tisktask_common.ids import RepositoryId, new_repository_id
from tisktask_common.repository_settings import ChangeRepository, RepositorySettings
from tisktask_common.rpc import (
    Accepted,
    AddRepository,
    AskCredential,
    AskPublicKey,
    Credential,
    HookSecrets,
    ListRepositories,
    PublicKey,
    RemoveRepository,
    RenameRepository,
    RepositoryPage,
)
from tisktask_orchestrator import words
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.looking.wishes import hasten_look, want_look
from tisktask_orchestrator.repositories.announcing import announce_repository, describe_repository
from tisktask_orchestrator.repositories.rules import LOCAL, check_full_name, check_repository, check_settings
from tisktask_orchestrator.secrets import Secrets, check_public_key
from tisktask_orchestrator.starting import words as words_for_starts
from tisktask_orchestrator.store.forge_looks import ask_forge_again, delete_forge_look
from tisktask_orchestrator.store.hooks import HookSecretRow, delete_hook, replace_webhook_secret
from tisktask_orchestrator.store.hooks import list_hook_secrets as list_secrets_of_hooks
from tisktask_orchestrator.store.identities import list_external_ids
from tisktask_orchestrator.store.looks import begin_anew, delete_look, keep_baseline
from tisktask_orchestrator.store.reporting import read_reporting
from tisktask_orchestrator.store.repositories import (
    NewName,
    NewRepository,
    change_repository,
    list_repositories,
    lock_repository,
    read_repository,
    remove_repository,
    rename,
    upsert_repository,
)
from tisktask_orchestrator.store.rows import RepositoryRow
from tisktask_orchestrator.store.schedules import delete_schedules
from tisktask_orchestrator.store.starts import fail_starts_of_repository
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

#: With it a page stays far below the bus's message limit.
PAGE_ITEMS = 50


async def tell_public_key(collaborators: Collaborators, _request: AskPublicKey, _caller: str) -> PublicKey:
    """Tell what key to seal new secrets for."""
    return PublicKey(public_key=collaborators.secrets.public_key)


async def add_repository(collaborators: Collaborators, request: AddRepository, _caller: str) -> Repository:
    """Add a repository, or change the one of this forge and name."""
    check_repository(request, allows_local=collaborators.settings.allow_local_repositories)
    new = NewRepository(
        new_repository_id(),
        request.forge,
        request.full_name,
        request.clone_url,
        request.api_url,
        collaborators.secrets.take_in("sealed_token", request.sealed_token),
        collaborators.secrets.take_in("sealed_webhook_secret", request.sealed_webhook_secret),
    )
    async with transaction(collaborators.pool) as connection:
        row = await upsert_repository(connection, new)
        if new.webhook_secret is not None:
            await replace_webhook_secret(connection, row.id)
        if row.forge != LOCAL:
            # What it stands at now is where we begin; a new token may mend a look that failed.
            await want_look(connection, row.id)
            await ask_forge_again(connection, row.id)
        await announce_repository(connection, row, is_removed=False)
    log.info("repository_added", repository=row.id, forge=row.forge, full_name=row.full_name, is_new=row.id == new.id)
    await hasten_look(collaborators)
    return describe_repository(row)


async def set_repository(collaborators: Collaborators, request: ChangeRepository, _caller: str) -> RepositorySettings:
    """Change what holds for the runs of a repository, from now on: what is at work stays so."""
    check_settings(request)
    async with transaction(collaborators.pool) as connection:
        if request.reconcile and await lock_repository(connection, request.repository_id):
            await begin_anew(connection, request.repository_id)
        row = await change_repository(connection, request)
    if row is None:
        raise NotFoundError(words.unknown_repository(request.repository_id))
    # There may be room now for what has waited.
    collaborators.work_wanted.set()
    log.info("repository_changed", repository=request.repository_id, **vars(row))
    return RepositorySettings(**vars(row))


async def rename_repository(collaborators: Collaborators, request: RenameRepository, _caller: str) -> Accepted:
    """Follow a repository that was renamed or given away at its forge."""
    check_full_name(request.full_name)
    async with transaction(collaborators.pool) as connection:
        new = NewName(request.repository_id, request.old_name, request.full_name)
        row = await rename(connection, new)
        if row is None:
            return Accepted(accepted=False, reason=words.not_renamed(request.full_name))
        await keep_baseline(connection, row.id)
        await announce_repository(connection, row, is_removed=False)
    log.info("repository_renamed", repository=row.id, old_name=request.old_name, full_name=row.full_name)
    return Accepted(accepted=True)


async def take_out_repository(collaborators: Collaborators, request: RemoveRepository, _caller: str) -> Accepted:
    """Take no more triggers from a repository; its runs stay, and those that are not finished go on."""
    async with transaction(collaborators.pool) as connection:
        row = await remove_repository(connection, request.repository_id)
        if row:
            await delete_schedules(connection, row.id)
            await fail_starts_of_repository(connection, row.id, words_for_starts.REPOSITORY_REMOVED)
            await delete_look(connection, row.id)
            await delete_hook(connection, row.id)
            await delete_forge_look(connection, row.id)
            await announce_repository(connection, row, is_removed=True)
        elif not await read_repository(connection, request.repository_id):
            raise NotFoundError(words.unknown_repository(request.repository_id))
    # Removed before: the same order given twice.
    log.info("repository_removed", repository=request.repository_id)
    return Accepted(accepted=True)


async def list_hook_secrets(collaborators: Collaborators, request: ListRepositories, _caller: str) -> RepositoryPage:
    """Give ingest a page of repositories with their webhook secrets, sealed for it."""
    check_public_key(request.public_key)
    async with collaborators.pool.connection() as connection:
        rows = await list_repositories(connection, request.after or "", PAGE_ITEMS + 1)
        page = rows[:PAGE_ITEMS]
        external_ids = await list_external_ids(connection, [row.id for row in page])
        hooks = await list_secrets_of_hooks(connection, [row.id for row in page])
    return RepositoryPage(
        items=[
            _hook_secrets(collaborators.secrets, row, hooks.get(row.id), request.public_key).model_copy(
                update={"external_id": external_ids.get(row.id)}
            )
            for row in page
        ],
        next_after=page[-1].id if len(rows) > PAGE_ITEMS else None,
    )


async def tell_credential(collaborators: Collaborators, request: AskCredential, _caller: str) -> Credential:
    """Give the reporter a repository's forge address and token, sealed for it; also of a removed one."""
    check_public_key(request.public_key)
    row = await _read(collaborators, request.repository_id)
    async with collaborators.pool.connection() as connection:
        reporting = await read_reporting(connection, request.repository_id)
    return Credential(
        repository=describe_repository(row),
        api_url=row.api_url,
        sealed_token=collaborators.secrets.hand_over(row.token, request.public_key),
        app_id=reporting.app_id if reporting else None,
        sealed_app_key=collaborators.secrets.hand_over(reporting.app_key if reporting else None, request.public_key),
        has_comment=reporting is not None and reporting.has_comment,
    )


async def _read(collaborators: Collaborators, repository: RepositoryId) -> RepositoryRow:
    async with collaborators.pool.connection() as connection:
        row = await read_repository(connection, repository)
    if row is None:
        raise NotFoundError(words.unknown_repository(repository))
    return row


def _hook_secrets(secrets: Secrets, row: RepositoryRow, hook: HookSecretRow | None, public_key: str) -> HookSecrets:
    """Seal the current secret, and while it is exchanged the next one, each with its number."""
    number = hook.secret_number if hook else 1
    locked = {number: row.webhook_secret, number + 1: hook.next_secret if hook else None}
    sealed = {number: secrets.hand_over(one, public_key) for number, one in locked.items() if one is not None}
    return HookSecrets(
        repository=describe_repository(row),
        clone_url=row.clone_url,
        sealed_secrets=[one for one in sealed.values() if one is not None],
        secret_numbers=list(sealed),
    )
