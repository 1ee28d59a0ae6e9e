"""What jobs have said in full, read from the orchestrator's views: events carry only what everybody needs."""

from typing import Any, TypeVar

from psycopg.rows import class_row

from tisktask_common.database.pool import Pool, load_statements
from tisktask_reporter.said import JOBS_MAX, Annotation, JobSaid, Remark, RunSaid
from tisktask_reporter.schema import MIGRATIONS_PACKAGE

REMARKS_MAX = 50
RowT = TypeVar("RowT")


class RemarkReader:
    """Reads the views. Every function is one statement."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = load_statements(MIGRATIONS_PACKAGE)

    async def list_annotations(self, run: str, job: str | None, told: int, count: int) -> list[Annotation]:
        return await self._read(
            Annotation, "list_annotations", {"run_id": run, "job_id": job, "told": told, "count": count}
        )

    async def list_remarks(self, run: str, job: str | None) -> list[Remark]:
        return await self._read(Remark, "list_remarks", {"run_id": run, "job_id": job, "count": REMARKS_MAX})

    async def list_jobs(self, run: str) -> list[JobSaid]:
        """List the run's programs, one more than are shown."""
        return await self._read(JobSaid, "list_jobs", {"run_id": run, "count": JOBS_MAX + 1})

    async def read_run(self, run: str) -> RunSaid | None:
        found = await self._read(RunSaid, "read_run", {"run_id": run})
        return found[0] if found else None

    async def read_summary(self, job: str) -> str:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(self._sql["read_summary"], {"job_id": job})).fetchone()
        return row[0] if row else ""

    async def _read(self, kind: type[RowT], statement: str, values: dict[str, Any]) -> list[RowT]:
        async with self._pool.connection() as connection, connection.cursor(row_factory=class_row(kind)) as cursor:
            await cursor.execute(self._sql[statement], values)
            return await cursor.fetchall()
