"""Every stream, consumer and subject, as data. `provision.py` makes them true on the server."""

import re
from dataclasses import dataclass, field

from tisktask_common.events import AnyEvent, RepositoryChanged, RunEvent, RunnerEvent, TriggerReceived
from tisktask_common.ids import JobId, RunId, TriggerId

DAY_SECONDS = 86_400
GIB = 1024**3
#: NATS closes a connection for good that sends more than max_payload (1 MiB); headers count too.
MESSAGE_BYTES_MAX = 512 * 1024
DEFAULT_POOL = "default"


@dataclass(frozen=True)
class Stream:
    """One JetStream stream. Ages in seconds; `bytes_max` bounds its disk use."""

    name: str
    subjects: list[str]
    bytes_max: int
    #: Zero: none. What a consumer of ours waits for must not go by its age alone: see `kept_seconds`.
    age_seconds_max: int
    is_work_queue: bool = False
    duplicate_window_seconds: int = 600
    allows_atomic: bool = False
    #: What was handled and is older is purged (the orchestrator's `stream_ages.py`); zero: nothing is.
    kept_seconds: int = 0


@dataclass(frozen=True)
class Consumer:
    """One durable pull consumer with explicit acknowledgement."""

    stream: str
    name: str
    filters: list[str] = field(default_factory=list[str])
    #: After it, what was in the hands of a killed process comes again. The pull loop prolongs it for who is at work.
    ack_wait_seconds: int = 10
    deliveries_max: int = 20


EVENTS = Stream(
    "EVENTS",
    ["trigger.received.>", "run.*.>", "job.*.>", "image.*.>", "runner.*.>", "repository.*.>", "replay.EVENTS.>"],
    bytes_max=2 * GIB,
    age_seconds_max=0,
    kept_seconds=7 * DAY_SECONDS,
)
#: The message id of a removed work message is forgotten at a restart; one message per subject is not.
WORK = Stream("WORK", ["work.>", "replay.WORK.>"], bytes_max=GIB // 4, age_seconds_max=0, is_work_queue=True)
#: No age: what logstream has not stored is waited for, what it has stored is purged (the orchestrator's `room.py`).
LOGS = Stream("LOGS", ["log.>", "replay.LOGS.>"], bytes_max=8 * GIB, age_seconds_max=0, allows_atomic=True)
DELIVERIES = Stream("DELIVERIES", ["delivery.>"], bytes_max=GIB, age_seconds_max=0, kept_seconds=7 * DAY_SECONDS)
DEAD = Stream("DEAD", ["dead.>"], bytes_max=GIB // 4, age_seconds_max=30 * DAY_SECONDS)
#: What changes about repositories, for a plain subscription of those who keep a list of them.
REPOSITORY_EVENTS = "repository.>"
#: Topic of news for a runner host itself (scope: its name): jobs wait that ask for labels which it has.
WORK_TOPIC = "work"
STREAMS = (EVENTS, WORK, LOGS, DELIVERIES, DEAD)

TRIGGERS_FOR_ORCHESTRATOR = Consumer("EVENTS", "orchestrator", ["trigger.received.>"])
RUNS_FOR_REPORTER = Consumer("EVENTS", "reporter", ["run.>", "job.>"])
DELETIONS_FOR_LOGSTREAM = Consumer("EVENTS", "logstream", ["run.deleted.>"])
#: All lines behind what was in the hands of a killed process wait for it. That it sometimes comes twice does no harm:
#: logs are stored by offset.
LOGS_FOR_LOGSTREAM = Consumer("LOGS", "logstream", ["log.>"], ack_wait_seconds=5)


def work_consumer(pool: str) -> Consumer:
    """One durable per pool: JetStream refuses overlapping filters on a work queue.

    A message is acknowledged as soon as its claim is answered: one that a dying runner took with it comes again soon.
    """
    return Consumer("WORK", f"pool-{pool}", [f"work.{pool}.>"], ack_wait_seconds=8)


CONSUMERS = (
    TRIGGERS_FOR_ORCHESTRATOR,
    RUNS_FOR_REPORTER,
    LOGS_FOR_LOGSTREAM,
    work_consumer(DEFAULT_POOL),
    DELETIONS_FOR_LOGSTREAM,
)


def dead_subject(consumer: Consumer) -> str:
    """Where messages go that this consumer has given up on."""
    return f"dead.{consumer.stream}.{consumer.name}"


def replay_filter(consumer: Consumer) -> str:
    """What this consumer alone hears besides its own subjects: dead letters of its own that come once more."""
    return f"{replay_subject(consumer.stream, consumer.name)}.>"


def replay_subject(stream: str, consumer: str) -> str:
    return f"replay.{stream}.{consumer}"


def token(text: str) -> str:
    """Make one subject token of any text: what NATS would split or refuse is written as =XX.

    >>> token("my.repo")
    'my=2Erepo'
    """
    return re.sub(rb"[^A-Za-z0-9_-]", lambda m: b"=%02X" % m.group()[0], text.encode()).decode() or "="


def _repository_tokens(forge: str, full_name: str) -> str:
    owner, _, name = full_name.partition("/")
    return f"{token(forge)}.{token(owner)}.{token(name)}"


def event_subject(event: AnyEvent) -> str:
    """Name the subject of a public event: `<noun>.<verb>` and routing tokens."""
    match event:
        case RunEvent() | TriggerReceived() | RepositoryChanged():
            return f"{event.type}.{_repository_tokens(event.repository.forge, event.repository.full_name)}"
        case RunnerEvent():
            return f"{event.type}.{token(event.runner)}"


def work_subject(pool: str, job: JobId, attempt: int) -> str:
    return f"work.{token(pool)}.{job}.{attempt}"


def log_subject(runner: str, run: RunId, job: JobId, attempt: int, container: str = "") -> str:
    """Where an attempt's log is sent, or that of a container beside it."""
    attempt_subject = f"log.{token(runner)}.{run}.{job}.{attempt}"
    return f"{attempt_subject}.{token(container)}" if container else attempt_subject


def delivery_subject(trigger: TriggerId, chunk: int) -> str:
    return f"delivery.{trigger}.{chunk}"


def control_subject(runner: str) -> str:
    """Where a runner host listens for orders (all its replicas do; the one that holds the attempt acts)."""
    return f"control.{token(runner)}"


def news_subject(runner: str) -> str:
    """Where a runner host hears that something has changed which its jobs may wait for (`job_requests.News`)."""
    return f"news.{token(runner)}"


def message_subject(runner: str) -> str:
    """Where a runner host hears what is published in the runs that its jobs belong to (`ChannelMessage`)."""
    return f"message.{token(runner)}"


def rpc_subject(name: str, caller: str) -> str:
    """Where a request goes; the caller is in the subject so that permissions can pin it."""
    return f"rpc.{name}.{token(caller)}"
