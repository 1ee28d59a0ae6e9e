"""Migrations against a real PostgreSQL: once, in order, under a lock, unchanged afterwards."""

import asyncio

import psycopg
import pytest

from tisktask_common.database.migrate import Migration, MigrationError, drop_schema, migrate, read_status

ONE = Migration("0001_make.sql", "CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things VALUES (1);")
TWO = Migration("0002_grow.sql", "ALTER TABLE things ADD COLUMN name text NOT NULL DEFAULT '';")


async def _apply(url, migrations):
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await migrate(connection, "shop", migrations)


async def test_each_migration_is_applied_once_in_order(empty_database_url):
    assert await _apply(empty_database_url, [ONE]) == ["0001_make.sql"]
    assert await _apply(empty_database_url, [ONE, TWO]) == ["0002_grow.sql"]
    assert await _apply(empty_database_url, [ONE, TWO]) == []


async def test_many_services_that_start_at_once_apply_each_migration_once(empty_database_url):
    applied = await asyncio.gather(*(_apply(empty_database_url, [ONE, TWO]) for _ in range(5)))
    assert sorted(name for names in applied for name in names) == ["0001_make.sql", "0002_grow.sql"]


async def test_a_migration_that_fails_leaves_nothing_behind(empty_database_url):
    broken = Migration("0002_broken.sql", "CREATE TABLE half (id int); SELECT nonsense;")
    with pytest.raises(psycopg.Error):
        await _apply(empty_database_url, [ONE, broken])
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        assert [(s.name, s.is_applied) for s in await read_status(connection, "shop", [ONE, broken])] == [
            ("0001_make.sql", True),
            ("0002_broken.sql", False),
        ]
        rows = await connection.execute("SELECT to_regclass('shop.half')")
        assert await rows.fetchone() == (None,)


async def test_a_migration_that_was_changed_afterwards_is_refused(empty_database_url):
    await _apply(empty_database_url, [ONE])
    with pytest.raises(MigrationError, match=r"0001_make\.sql was changed"):
        await _apply(empty_database_url, [Migration(ONE.name, "SELECT 1")])


async def test_a_dropped_schema_can_be_made_again(empty_database_url):
    await _apply(empty_database_url, [ONE])
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        await drop_schema(connection, "shop")
    assert await _apply(empty_database_url, [ONE]) == ["0001_make.sql"]
