"""Runs and jobs as the views give them, for tests of what is made of them."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from tisktask_common.lifecycle import JobKind
from tisktask_logstream.rows import AnnotationRecord, JobRecord
from tisktask_logstream.run_view import RunDetail

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_numbers = count(1)


def make_job(name: str = "build", parent: JobRecord | None = None, **values: Any) -> JobRecord:
    shown = {"kind": "program", "path": f".tisktask/push/{name}", "state": "succeeded", "attempt": 1, "created_at": AT}
    number = next(_numbers)
    ids = {"id": f"job_{number:06}", "run_id": "run_1", "parent_job_id": parent.id if parent else None}
    return JobRecord.model_validate({**ids, "name": name, **shown, **values})


def make_note(job: JobRecord, text: str, **values: Any) -> AnnotationRecord:
    shown = {"id": next(_numbers), "job_id": job.id, "attempt": 1, "level": "notice", "created_at": AT}
    return AnnotationRecord.model_validate({**shown, "text": text, **values})


def make_run(*jobs: JobRecord, notes: list[AnnotationRecord] | None = None, **values: Any) -> RunDetail:
    shown = {
        "id": "run_1", "number": 7, "repository_id": "repo_1", "forge": "github", "repository": "acme/shop",
        "event": "push", "sha": "ab" * 20, "branch": "main", "actor": "ada", "title": "Make it so", "state": "running",
        "revision": 3, "created_at": AT, "jobs_by_state": {}, "source_url": "https://forge.example/acme/shop/blob/abab/",
    }  # fmt: skip
    programs = [job for job in jobs if job.kind is JobKind.PROGRAM]
    preparation = next((job for job in jobs if job.kind is JobKind.PREPARE), None)
    found = {"jobs": programs, "jobs_total": len(programs), "preparation": preparation}
    annotations = {"annotations": notes or [], "annotations_total": len(notes or [])}
    return RunDetail.model_validate({**shown, **found, **annotations, **values})
