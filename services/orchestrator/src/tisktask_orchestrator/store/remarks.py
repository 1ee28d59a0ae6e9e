"""Statements about what jobs say: about themselves, and on their run's page."""

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId, RunId
from tisktask_common.job_requests import Annotate
from tisktask_orchestrator.store.family_rows import AnnotationCountRow, DescriptionRow
from tisktask_orchestrator.store.rows import JobRow
from tisktask_orchestrator.store.statements import execute, fetch_row


async def read_description(connection: Connection, job: JobId) -> DescriptionRow:
    return await fetch_row(connection, DescriptionRow, "read_description", job_id=job)


async def describe_job(
    connection: Connection, job: JobId, title: str | None, status_text: str | None, summary: str | None
) -> JobRow:
    return await fetch_row(
        connection, JobRow, "describe_job", job_id=job, title=title, status_text=status_text, summary=summary
    )


async def count_annotations(connection: Connection, run: RunId, job: JobId, request_id: str) -> AnnotationCountRow:
    return await fetch_row(
        connection, AnnotationCountRow, "count_annotations", run_id=run, job_id=job, request_id=request_id
    )


async def insert_annotation(connection: Connection, run: RunId, remark: Annotate) -> None:
    await execute(
        connection,
        "insert_annotation",
        run_id=run,
        job_id=remark.job_id,
        attempt=remark.attempt,
        request_id=remark.request_id,
        level=remark.level,
        file=remark.file,
        line=remark.line,
        text=remark.text,
    )
