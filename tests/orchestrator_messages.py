"""What may be said to the orchestrator's state machine, and what time may bring, as values: for a model and for the real one."""

from dataclasses import dataclass

from tisktask_common.lifecycle import JobState
from tisktask_common.orders import RerunMode

#: A job by names that do not change: the delivery (or the request for a rerun) that made its run, and its own.
Key = tuple[str, str]
PREPARATION = "prepare"


@dataclass(frozen=True)
class Wish:
    """A program that a preparation has found, and its retry policy."""

    name: str
    retries: int = 0
    on_lost: bool = False
    on_codes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Trigger:
    """A delivery. If it dies half way, older runs are not superseded until it is delivered again."""

    delivery: str
    line: str
    sha: str
    dies_half_way: bool = False


@dataclass(frozen=True)
class Claim:
    host: str
    job: Key
    attempt: int


@dataclass(frozen=True)
class Began:
    host: str
    job: Key
    attempt: int


@dataclass(frozen=True)
class Ended:
    host: str
    job: Key
    attempt: int
    state: JobState
    exit_code: int | None = None
    #: What a preparation has found; None: it says nothing.
    programs: tuple[Wish, ...] | None = None


@dataclass(frozen=True)
class Beat:
    """A heartbeat that lists these attempts."""

    host: str
    held: tuple[tuple[Key, int], ...]


@dataclass(frozen=True)
class Spawn:
    """An attempt starts another job, under a key."""

    host: str
    job: Key
    attempt: int
    key: str
    may_fail: bool
    is_detached: bool


@dataclass(frozen=True)
class EndOwnRun:
    host: str
    job: Key
    attempt: int
    state: JobState


@dataclass(frozen=True)
class StopOwnJob:
    host: str
    job: Key
    attempt: int
    target: Key


@dataclass(frozen=True)
class CancelRun:
    run: str


@dataclass(frozen=True)
class CancelJob:
    job: Key


@dataclass(frozen=True)
class RerunRun:
    run: str
    mode: RerunMode
    request: str


@dataclass(frozen=True)
class RerunJob:
    job: Key
    request: str


@dataclass(frozen=True)
class Silence:
    """The host's leases are over."""

    host: str


@dataclass(frozen=True)
class JobTimeIsUp:
    job: Key


@dataclass(frozen=True)
class RunTimeIsUp:
    run: str


@dataclass(frozen=True)
class StopIsOld:
    """An order to stop this job has had its grace and a lease."""

    job: Key


@dataclass(frozen=True)
class Sweep:
    """The orchestrator looks what time has brought about."""


Report = Claim | Began | Ended | Beat | Spawn | EndOwnRun | StopOwnJob | CancelRun | CancelJob
Message = Report | Trigger | RerunRun | RerunJob | Silence | JobTimeIsUp | RunTimeIsUp | StopIsOld | Sweep


def child_name(parent: str, key: str) -> str:
    """Name what a job starts under a key: nothing else in the run is called so."""
    return f"{parent}.{key}"


#: The request was answered with an error of the user's.
REFUSED = "refused"


@dataclass(frozen=True)
class Orders:
    """The answer to a heartbeat."""

    stop: frozenset[tuple[Key, int, str]]
    fenced: frozenset[tuple[Key, int]]


@dataclass(frozen=True)
class JobView:
    """What is compared of a job."""

    state: str
    attempt: int
    host: str | None
    stop: str | None
    retries_used: int
    may_fail: bool
    result: str | None
    #: Number, host, state, whether its program began, whether it is over.
    attempts: tuple[tuple[int, str, str, bool, bool], ...]


@dataclass(frozen=True)
class View:
    """What is compared after each step."""

    runs: dict[str, tuple[str, str | None]]
    jobs: dict[Key, JobView]


Reply = bool | str | Orders | None
