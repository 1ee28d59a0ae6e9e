"""What jobs have said, as values."""

from dataclasses import dataclass

#: A summary shows so many jobs.
JOBS_MAX = 200


@dataclass(frozen=True)
class Annotation:
    """A remark about a place in a file."""

    level: str
    file: str
    line: int | None
    text: str


@dataclass(frozen=True)
class Remark:
    """A remark about the whole."""

    level: str
    text: str


@dataclass(frozen=True)
class RunSaid:
    """What a run is called, and which commit it is about."""

    number: int
    sha: str


@dataclass(frozen=True)
class JobSaid:
    """A job as its run's summary shows it."""

    name: str
    title: str
    state: str
    result: str
    reason: str
    summary: str
    seconds: float | None
