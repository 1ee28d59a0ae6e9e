"""What jobs have said, as the orchestrator's views show it to the reporter: tables, for tests that say what is in them."""

from typing import Any

import psycopg
from psycopg import sql

_TABLES = """
CREATE SCHEMA IF NOT EXISTS api;
CREATE TABLE IF NOT EXISTS api.jobs (id text, run_id text, kind text DEFAULT 'program', name text, title text DEFAULT '', state text,
    result text, reason text DEFAULT '', summary text DEFAULT '', has_status boolean DEFAULT true,
    started_at timestamptz, finished_at timestamptz);
CREATE TABLE IF NOT EXISTS api.annotations (id bigint GENERATED ALWAYS AS IDENTITY, run_id text, job_id text,
    level text DEFAULT 'notice', file text, line integer, text text);
CREATE TABLE IF NOT EXISTS api.runs (id text, repository_id text, sha text, pull_request bigint, number bigint);
"""


class SaidRecords:
    """Rows of the views."""

    def __init__(self, url: str) -> None:
        self._url = url
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_TABLES)

    def insert(self, table: str, **values: Any) -> None:
        statement = sql.SQL("INSERT INTO api.{} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(",").join(map(sql.Identifier, values)),
            sql.SQL(",").join(sql.Placeholder() * len(values)),
        )
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(statement, list(values.values()))
