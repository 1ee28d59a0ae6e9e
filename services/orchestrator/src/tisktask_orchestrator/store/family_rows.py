"""Rows about jobs that belong together, and about what jobs say."""

from dataclasses import dataclass
from datetime import datetime

from tisktask_common.ids import JobId


@dataclass(frozen=True)
class CountRow:
    """How many jobs of a run are alike in what matters to it."""

    kind: str
    #: It is the one that comes before the preparation.
    is_inspection: bool
    state: str
    may_fail: bool
    jobs: int


@dataclass(frozen=True)
class NameRow:
    """The name of a job."""

    name: str


@dataclass(frozen=True)
class ReasonRow:
    """Why something has ended."""

    reason: str


@dataclass(frozen=True)
class ConclusionRow:
    """What a job is concluded from: its own end, and the different results of what it has started."""

    state: str
    results: list[str]


@dataclass(frozen=True)
class SpawnedBeforeRow:
    """A job that was started by the same request or under the same key."""

    id: JobId
    name: str
    path: str
    build_file: str | None
    image: str | None
    shell: str | None
    arguments: list[str]
    is_same_request: bool


@dataclass(frozen=True)
class SpawnRoomRow:
    """How many jobs a run's jobs have started, and the names that begin like the one asked for."""

    spawned: int
    names: list[str]


@dataclass(frozen=True)
class ProgramRow:
    """A program of a run, as its siblings see it."""

    job_id: JobId
    name: str
    path: str
    state: str
    exit_code: int | None
    reason: str
    attempt: int
    runner: str | None
    parent_job_id: JobId | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class AttemptEndRow:
    """An attempt, as the siblings of its job see it."""

    job_id: JobId
    attempt: int
    state: str
    exit_code: int | None


@dataclass(frozen=True)
class DescriptionRow:
    """What a job has said about itself, and how often."""

    title: str
    status_text: str
    summary: str
    descriptions: int


@dataclass(frozen=True)
class AnnotationCountRow:
    """How many remarks there are, and whether this one is among them."""

    of_run: int
    of_job: int
    is_there: bool
