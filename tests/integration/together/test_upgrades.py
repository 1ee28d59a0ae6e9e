"""The schemas of all services, as an earlier version left them with rows in them, are brought to this version: all is kept."""

from collections.abc import Mapping
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from tisktask_common.database.migrate import load_migrations, migrate

Rows = dict[str, list[dict[str, Any]]]

#: What the first version of each schema had written.
LOGS: LiteralString = """
INSERT INTO logstream.logs (job, attempt, run, lines, bytes, gaps, is_complete)
SELECT 'job_' || n, n % 3 + 1, 'run_' || n / 4, n, n * 40, n % 2, n % 5 <> 0 FROM generate_series(1, 200) AS n
"""
STATUSES: LiteralString = """
INSERT INTO reporter.statuses (repository_id, sha, context, forge, run_id, run_number, revision, state, description,
    target_url, sent_state, sent_at, next_try_at, outcome, error, tries, claim, claimed_until)
SELECT 'repo_' || n % 7, md5(n::text), 'tisktask/push', 'github', 'run_' || n, n, 3,
    (ARRAY['pending', 'success', 'failure', 'error', 'skipped'])[n % 5 + 1], 'text ' || n, 'https://ci/' || n,
    CASE WHEN n % 2 = 0 THEN 'pending' END, CASE WHEN n % 2 = 0 THEN now() END,
    CASE WHEN n % 3 = 0 THEN now() END, (ARRAY['waiting', 'delivered', 'given_up', 'closed'])[n % 4 + 1], '', n % 6, n,
    CASE WHEN n % 9 = 0 THEN now() END
FROM generate_series(1, 200) AS n
"""


@pytest.mark.parametrize(
    ("schema", "fill"), [("logstream", LOGS), ("reporter", STATUSES)], ids=["logstream", "reporter"]
)
async def test_rows_of_the_first_version_are_there_in_this_one(
    empty_database_url: str, schema: str, fill: LiteralString
) -> None:
    migrations = load_migrations(f"tisktask_{schema}")
    async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
        await migrate(connection, schema, migrations[:1])
        await connection.execute(fill)
    columns, before = await read_all(empty_database_url, schema)
    assert any(before.values())
    for upto in range(2, len(migrations) + 1):
        async with await psycopg.AsyncConnection.connect(empty_database_url, autocommit=True) as connection:
            assert await migrate(connection, schema, migrations[:upto]) == [migrations[upto - 1].name]
        _, after = await read_all(empty_database_url, schema, columns)
        assert after == before, migrations[upto - 1].name
        # What the first version wrote, beside this one, is still taken.
    async with await psycopg.AsyncConnection.connect(empty_database_url) as connection:
        await connection.execute(b"DELETE FROM " + f"{schema}.{next(iter(before))}".encode())
        await connection.execute(fill)


async def read_all(
    database_url: str, schema: str, columns: Mapping[str, list[str]] | None = None
) -> tuple[dict[str, list[str]], Rows]:
    """Read the schema's tables but for the one of migrations, in the columns that are given or all."""
    async with await psycopg.AsyncConnection.connect(database_url, row_factory=dict_row) as connection:
        if columns is None:
            cursor = await connection.execute(
                "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) AS names"
                " FROM information_schema.columns WHERE table_schema = %s AND table_name <> 'migrations'"
                " GROUP BY table_name",
                (schema,),
            )
            columns = {row["table_name"]: row["names"] for row in await cursor.fetchall()}
        found: Rows = {}
        for table, names in columns.items():
            listed = sql.SQL(", ").join(map(sql.Identifier, names))
            query = sql.SQL("SELECT {} FROM {} ORDER BY 1, 2, 3").format(listed, sql.Identifier(schema, table))
            found[table] = await (await connection.execute(query)).fetchall()
    return dict(columns), found
