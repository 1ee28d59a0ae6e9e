"""A clock of a test's own, for the reporter, its database and a forge: hours go by in seconds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

_FAKE = """
CREATE SCHEMA clock;
CREATE TABLE clock.hand (at timestamptz NOT NULL);
INSERT INTO clock.hand VALUES ('2026-11-23 08:00Z');
CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql AS 'SELECT at FROM clock.hand';
"""
#: `now()` of every statement is the test's: its schema is looked through before PostgreSQL's own.
_OPTIONS = "-c search_path=clock,pg_catalog,public"


@dataclass
class FakeClock:
    """Stands still until it is moved."""

    connection: psycopg.AsyncConnection
    at: datetime = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    @staticmethod
    async def start(database_url: str) -> "FakeClock":
        connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
        await connection.execute(_FAKE)
        return FakeClock(connection)

    @staticmethod
    def url(database_url: str) -> str:
        return psycopg.conninfo.make_conninfo(database_url, options=_OPTIONS)

    def now(self) -> datetime:
        return self.at

    def timestamp(self) -> float:
        return self.at.timestamp()

    async def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await self.connection.execute("UPDATE clock.hand SET at = %s", (self.at,))
