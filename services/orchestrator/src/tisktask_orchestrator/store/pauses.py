"""Statements about runners that a person has paused."""

from dataclasses import dataclass

from tisktask_common.database.pool import Connection
from tisktask_orchestrator.store.statements import execute, fetch_row


@dataclass(frozen=True)
class PauseRow:
    """Whether a replica is paused, by itself or with its host."""

    is_paused: bool


@dataclass(frozen=True)
class ReplicasRow:
    """How many processes of a host are known."""

    replicas: int


async def insert_runner_pause(connection: Connection, runner: str, replica: str) -> int:
    return await execute(connection, "insert_runner_pause", runner=runner, replica=replica)


async def delete_runner_pauses(connection: Connection, runner: str, replica: str) -> int:
    return await execute(connection, "delete_runner_pauses", runner=runner, replica=replica)


async def hold_runners(connection: Connection, runner: str, replica: str) -> int:
    """Returns how many replicas it concerns."""
    return await execute(connection, "hold_runners", runner=runner, replica=replica)


async def is_runner_paused(connection: Connection, runner: str, replica: str) -> bool:
    return (await fetch_row(connection, PauseRow, "read_runner_pause", runner=runner, replica=replica)).is_paused


async def count_replicas(connection: Connection, runner: str, replica: str) -> int:
    """Returns how many processes there are, or were of late, of the host, or of this name on it."""
    return (await fetch_row(connection, ReplicasRow, "count_replicas", runner=runner, replica=replica)).replicas


async def set_has_paused(connection: Connection, runner: str, replica: str) -> None:
    await execute(connection, "set_has_paused", runner=runner, replica=replica)
