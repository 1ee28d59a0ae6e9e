"""The database schema that this service owns."""

import asyncio

import psycopg
import structlog

from tisktask_common.database.migrate import load_migrations, migrate
from tisktask_common.process.settings import DatabaseSettings

log = structlog.get_logger()

SCHEMA = "logstream"
#: The package whose `migrations/` and `sql/` folders belong to the schema.
MIGRATIONS_PACKAGE = "tisktask_logstream"
_RETRY_SECONDS = 1.0


async def prepare_schema(settings: DatabaseSettings) -> None:
    """Bring the schema to this version, as soon as the database answers."""
    url = settings.database_url.get_secret_value()
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=3) as connection:
                await migrate(connection, SCHEMA, load_migrations(MIGRATIONS_PACKAGE))
        except psycopg.OperationalError as error:
            log.warning("database_not_reachable", error=str(error))
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return
