"""`tisktask db`: the schemas of the services that keep something in PostgreSQL."""

import asyncio
import importlib
import sys
from pathlib import Path

import click

from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.database_access import open_database
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.output import json_option, print_json, print_table
from tisktask_common.database.migrate import Migration, drop_schema, load_migrations, migrate, read_status
from tisktask_common.process.logging import set_up_logging

#: The orchestrator first: others read its views.
_OWNERS = ("tisktask_orchestrator", "tisktask_reporter", "tisktask_logstream")
#: The orchestrator's views for others.
_VIEWS = "api"


@click.group("db")
def command() -> None:
    """Migrate, inspect and reset the database: TISKTASK_DATABASE_URL's, or that of a stack, running or not."""
    set_up_logging("db", "text", "warning")


@command.command("migrate")
@data_dir_option
@json_option
@click.pass_context
def migrate_all(context: click.Context, *, data_dir: Path | None, as_json: bool) -> None:
    """Apply what is missing. Services do the same when they start."""
    applied = asyncio.run(_migrate(data_dir or context.obj))
    if as_json:
        print_json({"applied": applied})
    else:
        print("\n".join(f"applied {name}" for name in applied) or "nothing to do")


@command.command("status")
@data_dir_option
@json_option
@click.pass_context
def status(context: click.Context, *, data_dir: Path | None, as_json: bool) -> int:
    """List the migrations, and whether each is applied. The exit code is 1 if one is not."""
    found = asyncio.run(_status(data_dir or context.obj))
    if as_json:
        print_json({"items": [{"schema": schema, "name": name, "applied": done} for schema, name, done in found]})
    else:
        print_table(
            ["schema", "migration", "state"],
            [[schema, name, "ok" if done else "missing"] for schema, name, done in found],
        )
    return Exit.DONE if all(done for _, _, done in found) else Exit.FAILED


@command.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
@click.pass_context
def reset(context: click.Context, *, yes: bool, data_dir: Path | None, as_json: bool) -> None:
    """Delete all runs, jobs and repositories, and make the schemas anew."""
    if not yes and not sys.stdin.isatty():
        raise CommandError("this deletes all runs, jobs and repositories: say --yes if you mean it", Exit.USAGE)
    if not yes and not click.confirm("Delete all runs, jobs, repositories and their secrets?", err=True):
        raise CommandError("nothing was deleted", Exit.USAGE)
    asyncio.run(_reset(data_dir or context.obj))
    if as_json:
        print_json({"is_empty": True})
    else:
        print("the database is empty")


async def _migrate(data_dir: Path | None) -> list[str]:
    async with open_database(data_dir) as connection:
        return [
            f"{schema}/{name}"
            for schema, migrations in _schemas()
            for name in await migrate(connection, schema, migrations)
        ]


async def _status(data_dir: Path | None) -> list[tuple[str, str, bool]]:
    async with open_database(data_dir) as connection:
        return [
            (schema, entry.name, entry.is_applied)
            for schema, migrations in _schemas()
            for entry in await read_status(connection, schema, migrations)
        ]


async def _reset(data_dir: Path | None) -> None:
    async with open_database(data_dir) as connection:
        schemas = _schemas()
        for schema in [_VIEWS, *(schema for schema, _ in reversed(schemas))]:
            await drop_schema(connection, schema)
        for schema, migrations in schemas:
            await migrate(connection, schema, migrations)


def _schemas() -> list[tuple[str, list[Migration]]]:
    return [(str(importlib.import_module(f"{package}.schema").SCHEMA), load_migrations(package)) for package in _OWNERS]
