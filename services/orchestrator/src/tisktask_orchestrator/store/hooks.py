"""Statements about the webhooks of repositories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId
from tisktask_orchestrator.store.rows import IdRow, RepositoryRow
from tisktask_orchestrator.store.statements import execute, fetch_all, fetch_one


@dataclass(frozen=True)
class HookRow:
    """What is known of a repository's webhook."""

    repository_id: RepositoryId
    hook_id: int | None
    url: str
    secret_number: int
    is_rotating: bool
    told_number: int | None
    delivery_count: int
    refused_count: int
    has_secret: bool
    #: Whose turn it is has it until then; the fence.
    busy_until: datetime | None

    @property
    def newest_number(self) -> int:
        """Number of the secret that the webhook is to sign with."""
        return self.secret_number + (1 if self.is_rotating else 0)


@dataclass(frozen=True)
class HookSecretRow:
    """The number of a repository's webhook secret, and the next one while it is exchanged (locked)."""

    repository_id: RepositoryId
    secret_number: int
    next_secret: bytes | None


async def ensure_hook_row(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "ensure_hook_row", repository_id=repository)


async def take_hook_turn(connection: Connection, repository: RepositoryId, seconds: float) -> HookRow | None:
    return await fetch_one(connection, HookRow, "take_hook_turn", repository_id=repository, seconds=seconds)


async def end_hook_turn(connection: Connection, taken: HookRow) -> None:
    await execute(connection, "end_hook_turn", repository_id=taken.repository_id, busy_until=taken.busy_until)


async def read_hook(connection: Connection, repository: RepositoryId) -> HookRow | None:
    return await fetch_one(connection, HookRow, "read_hook", repository_id=repository)


async def save_hook(
    connection: Connection, repository: RepositoryId, hook_id: int | None, url: str, told_number: int | None
) -> None:
    await execute(connection, "save_hook", repository_id=repository, hook_id=hook_id, url=url, told_number=told_number)


async def fail_hook(
    connection: Connection, repository: RepositoryId, problem: str, url: str, seconds: float | None
) -> None:
    values = {"repository_id": repository, "problem": problem, "url": url, "seconds": seconds}
    await execute(connection, "fail_hook", **values)


async def give_webhook_secret(connection: Connection, repository: RepositoryId, secret: bytes) -> RepositoryRow | None:
    return await fetch_one(connection, RepositoryRow, "give_webhook_secret", id=repository, secret=secret)


async def begin_rotation(connection: Connection, repository: RepositoryId, secret: bytes) -> None:
    await execute(connection, "begin_rotation", repository_id=repository, secret=secret)


async def replace_webhook_secret(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "replace_webhook_secret", repository_id=repository)


async def finish_rotation(
    connection: Connection, seconds: float, repository: RepositoryId | None = None
) -> list[RepositoryRow]:
    values = {"seconds": seconds, "repository_id": repository}
    return await fetch_all(connection, RepositoryRow, "finish_rotation", **values)


async def list_untold_hooks(connection: Connection, count: int) -> list[RepositoryId]:
    rows = await fetch_all(connection, IdRow, "list_untold_hooks", count=count)
    return [RepositoryId(row.id) for row in rows]


async def list_hook_secrets(
    connection: Connection, repositories: Sequence[RepositoryId]
) -> dict[RepositoryId, HookSecretRow]:
    rows = await fetch_all(connection, HookSecretRow, "list_hook_secrets", ids=list(repositories))
    return {row.repository_id: row for row in rows}


@dataclass(frozen=True)
class SeenDelivery:
    """A verified delivery."""

    repository_id: RepositoryId
    received_at: datetime
    event: str
    secret_number: int | None
    is_test: bool


async def note_delivery(connection: Connection, seen: SeenDelivery) -> bool:
    return await execute(connection, "note_delivery", **vars(seen)) > 0


async def note_refused_delivery(connection: Connection, repository: RepositoryId, received_at: datetime) -> bool:
    values = {"repository_id": repository, "received_at": received_at}
    return await execute(connection, "note_refused_delivery", **values) > 0


async def delete_hook(connection: Connection, repository: RepositoryId) -> None:
    await execute(connection, "delete_hook", repository_id=repository)
