"""Schema migrations: plain SQL files, forward only, each applied once in its own transaction under a lock."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import LiteralString, cast

import structlog
from psycopg import sql

from tisktask_common.database.pool import Connection
from tisktask_common.errors import InfrastructureError

log = structlog.get_logger()

#: Advisory lock: whoever holds it migrates; all other starting services wait.
_LOCK = 7_400_001


class MigrationError(InfrastructureError):
    """The schema can not be brought to this version."""

    code = "migration"


@dataclass(frozen=True)
class Migration:
    """One file `migrations/NNNN_name.sql` of the service that owns the schema."""

    name: str
    statement: LiteralString

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.statement.encode()).hexdigest()


@dataclass(frozen=True)
class Status:
    """A migration and whether the database has it."""

    name: str
    is_applied: bool


def load_migrations(package: str) -> list[Migration]:
    folder = files(package) / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [Migration(name, cast("LiteralString", (folder / name).read_text())) for name in names]


async def migrate(connection: Connection, schema: str, migrations: list[Migration]) -> list[str]:
    """Apply what is missing in `schema`, made if need be; returns the names of what was applied.

    The connection is in autocommit mode. A file that was changed after it was applied is refused.
    """
    await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
    try:
        applied = await _read_applied(connection, schema)
        _check_unchanged(applied, migrations)
        pending = [migration for migration in migrations if migration.name not in applied]
        for migration in pending:
            async with connection.transaction():
                await connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(schema)))
                await connection.execute(migration.statement)
                await connection.execute(
                    "INSERT INTO migrations (name, checksum) VALUES (%s, %s)", (migration.name, migration.checksum)
                )
            log.info("migration_applied", schema=schema, name=migration.name)
        return [migration.name for migration in pending]
    finally:
        await connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))


async def read_status(connection: Connection, schema: str, migrations: list[Migration]) -> list[Status]:
    applied = await _read_applied(connection, schema)
    return [Status(migration.name, migration.name in applied) for migration in migrations]


async def drop_schema(connection: Connection, schema: str) -> None:
    """Delete everything that the service has stored."""
    await connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


async def _read_applied(connection: Connection, schema: str) -> dict[str, str]:
    name = sql.Identifier(schema)
    await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    await connection.execute(
        sql.SQL(
            "CREATE TABLE IF NOT EXISTS {}.migrations (name text PRIMARY KEY, checksum text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        ).format(name)
    )
    rows = await connection.execute(sql.SQL("SELECT name, checksum FROM {}.migrations").format(name))
    return {str(row[0]): str(row[1]) for row in await rows.fetchall()}


def _check_unchanged(applied: dict[str, str], migrations: list[Migration]) -> None:
    for migration in migrations:
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            raise MigrationError(
                f"migration {migration.name} was changed after it had been applied: put the change in a new file"
            )
    unknown = sorted(set(applied) - {migration.name for migration in migrations})
    if unknown:
        log.warning("schema_is_newer_than_program", unknown=unknown)
