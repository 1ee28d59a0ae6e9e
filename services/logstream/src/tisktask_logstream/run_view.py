"""Runs with their jobs, put together from the orchestrator's views."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import Field

from tisktask_common.errors import NotFoundError
from tisktask_common.ids import JobId, RunId
from tisktask_common.lifecycle import JobKind, JobState
from tisktask_logstream import words
from tisktask_logstream.log_names import LogName
from tisktask_logstream.rows import (
    AnnotationRecord,
    AttemptRecord,
    Given,
    JobRecord,
    Record,
    Rerun,
    RetriesRecord,
    RunRecord,
    StatusProblem,
)
from tisktask_logstream.source_pages import source_url
from tisktask_logstream.store import RunFilter, Store
from tisktask_logstream.trust import RunTrust

#: Of each run in a list; a run by itself is shown with all its jobs.
JOBS_LISTED_MAX = 100
_JOBS_MAX = 100_000
#: The orchestrator's name for it.
_INSPECTION = "inspect"
_SUMMARIES_BYTES_MAX = 512 * 1024
_RERUNS_MAX = 100
_STATUS_PROBLEMS_MAX = 20
_ANNOTATIONS_MAX = 1000
_ANNOTATIONS_BYTES_MAX = 1024 * 1024


class Run(RunRecord):
    """A run with jobs: in a list with the first of them, by itself with all."""

    jobs: list[JobRecord] = Field(
        description=f"the programs, in the order in which they were made; in lists of runs at most {JOBS_LISTED_MAX},"
        " those that no other job has started first"
    )
    jobs_total: int = Field(description="how many programs it has, also those not listed here")
    jobs_by_state: dict[JobState, int] = Field(description="how many of all its programs are in each state")
    preparation: JobRecord | None = Field(default=None, description="fetches the commit and builds the images")
    inspection: JobRecord | None = Field(
        default=None, description="of a vetted run: looks what its jobs would be, builds and starts nothing"
    )


class RunDetail(Run, Given):
    """A run with all its jobs and what they remarked."""

    annotations: list[AnnotationRecord] = Field(
        description=f"at most {_ANNOTATIONS_MAX}, with 1 MiB of text: errors before warnings before notices"
    )
    annotations_total: int
    reruns: list[Rerun] = Field(
        default_factory=list[Rerun], description=f"the runs that repeat it, the newest {_RERUNS_MAX} of them"
    )
    reruns_total: int = 0
    status_problems: list[StatusProblem] = Field(
        default_factory=list[StatusProblem],
        description=f"what the forge does not show of it, and why; at most {_STATUS_PROBLEMS_MAX}",
    )
    trust: RunTrust | None = Field(
        default=None, description="of a run that was vetted; null: it was not, its cause may write to the repository"
    )
    source_url: str = Field(
        default="", description="the forge's page of the commit's files, to which a path can be added; empty: not known"
    )


class Container(Record):
    """A container beside a job that has a log of its own."""

    name: str
    attempt: int


@dataclass(frozen=True)
class JobInRun:
    """A job with the run that it belongs to, and the job that has started it."""

    run: RunRecord
    job: JobRecord
    parent: JobRecord | None
    #: How often the run was run again.
    reruns: int = 0
    #: Of the job itself, or of that of an earlier run which it was carried over from.
    attempts: list[AttemptRecord] = field(default_factory=list[AttemptRecord])
    #: None: it is not tried again.
    retries: RetriesRecord | None = None
    #: It was told to end, and has not yet.
    is_stopping: bool = False


async def list_runs(store: Store, wanted: RunFilter) -> list[Run]:
    return await _with_some_jobs(store, await store.list_runs(wanted))


async def get_listed_runs(store: Store, ids: Sequence[str]) -> list[Run]:
    """Read runs as a list shows them."""
    return await _with_some_jobs(store, await store.get_runs(ids))


async def find_run(store: Store, run_id: str) -> RunDetail | None:
    """Read one run with all that belongs to it."""
    records = await store.get_runs([run_id])
    if not records:
        return None
    jobs = await store.list_jobs_of_runs([run_id], _JOBS_MAX)
    summaries = await store.list_summaries(run_id, _SUMMARIES_BYTES_MAX)
    jobs = [job.model_copy(update={"summary": summaries.get(job.id, "")}) for job in jobs]
    programs = sorted((job for job in jobs if job.kind is JobKind.PROGRAM), key=lambda job: job.id)
    repository = await store.get_repository(records[0].repository_id)
    return RunDetail(
        **dict(records[0]),
        **dict(await store.get_given(run_id)),
        jobs=programs,
        jobs_total=len(programs),
        jobs_by_state=dict(Counter(job.state for job in programs)),
        preparation=_preparation(jobs, is_inspection=False),
        inspection=_preparation(jobs, is_inspection=True),
        annotations=await store.list_annotations(run_id, _ANNOTATIONS_MAX, _ANNOTATIONS_BYTES_MAX),
        annotations_total=await store.count_annotations(run_id),
        reruns=await store.list_reruns(run_id, _RERUNS_MAX),
        reruns_total=await store.count_reruns(run_id),
        status_problems=await store.list_status_problems(run_id, _STATUS_PROBLEMS_MAX),
        trust=await store.get_run_trust(run_id),
        source_url=source_url(repository, records[0].sha) if repository else "",
    )


async def get_run(store: Store, run_id: str) -> RunDetail:
    """Read one run with all that belongs to it; raises NotFoundError."""
    found = await find_run(store, run_id)
    if found is None:
        raise NotFoundError(words.no_such("run", run_id))
    return found


async def require_run(store: Store, run_id: str) -> None:
    """Raise NotFoundError if there is no such run."""
    if not await store.get_runs([run_id]):
        raise NotFoundError(words.no_such("run", run_id))


async def get_job(store: Store, job_id: str) -> JobRecord:
    """Read one job; raises NotFoundError."""
    found = await store.get_jobs([job_id])
    if not found:
        raise NotFoundError(words.no_such("job", job_id))
    return found[0]


async def get_job_in_run(store: Store, job_id: str) -> JobInRun:
    """Read one job and what it belongs to; raises NotFoundError."""
    job = await get_job(store, job_id)
    runs = await store.get_runs([job.run_id])
    if not runs:
        raise NotFoundError(words.no_such("run", job.run_id))
    parents = await store.get_jobs([job.parent_job_id]) if job.parent_job_id else []
    ran_as = job.carried_from or job.id
    return JobInRun(
        runs[0],
        job,
        parents[0] if parents else None,
        await store.count_reruns(job.run_id),
        await store.list_attempts(ran_as),
        await store.get_retries(ran_as),
        await store.get_stop(job.id) is not None,
    )


def newest_begun(job: JobRecord) -> int:
    """Number the newest attempt that a runner has, or had: a job that waits for another one has the log of the last."""
    waits_again = job.state is JobState.QUEUED and job.attempt > 1
    return max(1, job.attempt - int(waits_again))


def log_name(job: JobRecord, attempt: int | None, container: str = "") -> LogName:
    """Name the log of an attempt, of the newest if none is asked for; raises NotFoundError for a future one.

    A job that was carried over from an earlier run has the log that was written there.
    """
    newest = max(1, job.attempt)
    if attempt is not None and attempt > newest:
        raise NotFoundError(words.NO_SUCH_ATTEMPT)
    return LogName(
        RunId(job.carried_from_run or job.run_id), JobId(job.carried_from or job.id), attempt or newest, container
    )


async def _with_some_jobs(store: Store, runs: list[RunRecord]) -> list[Run]:
    if not runs:
        return []
    ids = [run.id for run in runs]
    jobs: defaultdict[str, list[JobRecord]] = defaultdict(list)
    # More than are listed: preparation and inspection are among them.
    for job in await store.list_jobs_of_runs(ids, JOBS_LISTED_MAX + 2):
        jobs[job.run_id].append(job)
    counts = await store.count_jobs_of_runs(ids)
    return [
        Run(
            **dict(run),
            jobs=[job for job in jobs[run.id] if job.kind is JobKind.PROGRAM][:JOBS_LISTED_MAX],
            jobs_total=sum(counts[run.id].values()),
            jobs_by_state=counts[run.id],
            preparation=_preparation(jobs[run.id], is_inspection=False),
            inspection=_preparation(jobs[run.id], is_inspection=True),
        )
        for run in runs
    ]


def _preparation(jobs: list[JobRecord], *, is_inspection: bool) -> JobRecord | None:
    return next((job for job in jobs if job.kind is JobKind.PREPARE and looks_only(job) is is_inspection), None)


def looks_only(job: JobRecord) -> bool:
    """Tell whether it looks at a run that is vetted, and prepares nothing."""
    return job.kind is JobKind.PREPARE and job.name == _INSPECTION
