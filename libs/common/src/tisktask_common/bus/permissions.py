"""Who may say and hear what on the bus: one user per service, as data for the server's configuration."""

from dataclasses import dataclass, field
from typing import Any

from tisktask_common.approvals import ApproveRun, DeclineRun
from tisktask_common.delivery_notes import NoteDelivery
from tisktask_common.forge_requests import (
    AskPermission,
    AskPull,
    ListFailedDeliveries,
    ListOpenPulls,
    RedeliverWebhooks,
)
from tisktask_common.job_requests import (
    Annotate,
    DataCommands,
    DescribeJob,
    EndRun,
    PublishMessage,
    ReadJobLog,
    ReadJobs,
    ReleaseLock,
    SetSubscriptions,
    SpawnJob,
    StopOwnJob,
    TakeLock,
)
from tisktask_common.looks import HeadsSeen, TakeLook
from tisktask_common.orders import CancelJob, CancelRun, RerunJob, RerunRun
from tisktask_common.replays import ReplayDelivery
from tisktask_common.reporting import MintFetchToken, SetApp, SetComment
from tisktask_common.repository_identity import NoteIdentity
from tisktask_common.repository_settings import ChangeRepository
from tisktask_common.retention import ShowRetention
from tisktask_common.rpc import (
    AddRepository,
    AskCredential,
    AskPublicKey,
    ClaimJob,
    Heartbeat,
    JobBegan,
    JobEnded,
    ListRepositories,
    RemoveRepository,
    RenameRepository,
    Request,
)
from tisktask_common.run_deletion import DeleteRun, ListIncompleteLogs, ListUndelivered
from tisktask_common.runner_pauses import PauseRunner
from tisktask_common.setup_requests import (
    AskHookSecret,
    CheckRights,
    ConnectHook,
    DropHook,
    EnsureHook,
    InspectHook,
    ListAdministrable,
    RecogniseForge,
    ResealSecret,
    RotateSecret,
    SendTest,
    TryHook,
)
from tisktask_common.starts import AddSchedule, ChangeSchedule, RemoveSchedule, RunSchedule, StartRun
from tisktask_common.subjects import (
    DEFAULT_POOL,
    DELETIONS_FOR_LOGSTREAM,
    DELIVERIES,
    EVENTS,
    LOGS,
    LOGS_FOR_LOGSTREAM,
    RUNS_FOR_REPORTER,
    TRIGGERS_FOR_ORCHESTRATOR,
    Consumer,
    control_subject,
    dead_subject,
    message_subject,
    news_subject,
    rpc_subject,
    token,
    work_consumer,
)


@dataclass(frozen=True)
class User:
    """A user of the bus. Its inbox (`_INBOX_<name>.>`) is its own: others can not read its replies."""

    name: str
    publish: list[str] = field(default_factory=list[str])
    subscribe: list[str] = field(default_factory=list[str])
    may_reply: bool = False


#: What a runner asks in the name of its jobs.
_JOB_REQUESTS = (
    SpawnJob,
    ReadJobs,
    StopOwnJob,
    EndRun,
    DescribeJob,
    Annotate,
    TakeLock,
    ReleaseLock,
    DataCommands,
    PublishMessage,
    SetSubscriptions,
    ReadJobLog,
)

_ANY_EVENT = ["trigger.>", "run.>", "job.>", "image.>", "runner.>", "repository.>"]


#: The orchestrator looks how full the streams are, and purges what was read before one is.
_KEEP_ROOM = [
    "$JS.API.STREAM.INFO.*",
    *(f"$JS.API.STREAM.MSG.GET.{stream.name}" for stream in (EVENTS, DELIVERIES)),
    *(f"$JS.API.STREAM.PURGE.{stream.name}" for stream in (EVENTS, LOGS, DELIVERIES)),
    *(f"$JS.API.CONSUMER.LIST.{stream.name}" for stream in (EVENTS, LOGS)),
]


def _consume(consumer: Consumer) -> list[str]:
    return [
        f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}",
        f"$JS.API.CONSUMER.INFO.{consumer.stream}.{consumer.name}",
        f"$JS.ACK.{consumer.stream}.{consumer.name}.>",
        dead_subject(consumer),
    ]


def _ask(user: str, *requests: type[Request[Any]]) -> list[str]:
    return [rpc_subject(request.subject_name, user) for request in requests]


def _answers(*requests: type[Request[Any]]) -> list[str]:
    return [f"rpc.{request.subject_name}.*" for request in requests]


def service_users() -> list[User]:
    """List the users of the services that exist once; runner hosts and integrators come besides."""
    return [
        User("admin", [">"], [">"]),
        _ingest_user(),
        User(
            "orchestrator",
            [
                *(subject for subject in _ANY_EVENT if subject != "trigger.>"),
                *("work.>", "control.>", "news.>", "message.>"),
                *_consume(TRIGGERS_FOR_ORCHESTRATOR),
                *_KEEP_ROOM,
                *_ask("orchestrator", ListUndelivered, ListIncompleteLogs, MintFetchToken),
                *_ask("orchestrator", ListOpenPulls, ListFailedDeliveries, RedeliverWebhooks),
                *_ask("orchestrator", AskPermission, AskPull),
                *_ask("orchestrator", EnsureHook, InspectHook, DropHook, SendTest),
            ],
            ["rpc.>"],
            may_reply=True,
        ),
        _reporter_user(),
        User(
            "logstream",
            [
                *_consume(LOGS_FOR_LOGSTREAM),
                *_consume(DELETIONS_FOR_LOGSTREAM),
                "$JS.API.STREAM.PURGE.LOGS",
                *_ask("logstream", AskPublicKey, AddRepository, RemoveRepository, CancelRun, CancelJob),
                *_ask("logstream", ChangeRepository, SetApp, SetComment, ApproveRun, DeclineRun),
                *_ask("logstream", ConnectHook, TryHook, RotateSecret),
                *_ask("logstream", RecogniseForge, ListAdministrable, CheckRights, InspectHook),
                *_ask("logstream", ReplayDelivery, RerunRun, RerunJob, DeleteRun, PauseRunner),
                *_ask("logstream", ShowRetention),
                *_ask("logstream", StartRun, AddSchedule, ChangeSchedule, RemoveSchedule, RunSchedule),
            ],
            [*_ANY_EVENT, *_answers(ReadJobLog, ListIncompleteLogs)],
            may_reply=True,
        ),
    ]


def _ingest_user() -> User:
    return User(
        "ingest",
        [
            *("trigger.received.>", "delivery.>"),
            # What it takes once more, it reads first.
            "$JS.API.DIRECT.GET.DELIVERIES.>",
            *_ask("ingest", ListRepositories, NoteIdentity, NoteDelivery),
        ],
        ["repository.>", *_answers(ReplayDelivery)],
        may_reply=True,
    )


def _reporter_user() -> User:
    return User(
        "reporter",
        [
            *_consume(RUNS_FOR_REPORTER),
            *_ask("reporter", AskCredential, RenameRepository, ResealSecret, AskHookSecret),
        ],
        [
            "repository.>",
            *_answers(ListUndelivered, MintFetchToken, ListOpenPulls, ListFailedDeliveries, RedeliverWebhooks),
            *_answers(AskPermission, AskPull),
            *_answers(RecogniseForge, ListAdministrable, CheckRights),
            *_answers(InspectHook, EnsureHook, DropHook, SendTest),
        ],
        may_reply=True,
    )


def runner_user(runner: str) -> User:
    """A runner host: it speaks under its own name alone, so it can not report for another's jobs."""
    return User(
        f"runner-{token(runner)}",
        [
            *_ask(f"runner-{runner}", ClaimJob, JobBegan, JobEnded, Heartbeat, AskPublicKey, *_JOB_REQUESTS),
            *_ask(f"runner-{runner}", TakeLook, HeadsSeen),
            f"log.{token(runner)}.>",
            "$JS.API.DIRECT.GET.DELIVERIES.>",
            *_consume(work_consumer(DEFAULT_POOL)),
        ],
        [control_subject(runner), news_subject(runner), message_subject(runner)],
    )


def integrator_user(name: str) -> User:
    """A reader of all public events, live and through a durable pull consumer of its own name on EVENTS.

    Integrators must not create consumers: a push consumer with a chosen subject could speak as somebody else.
    """
    return User(name, _consume(integrator_consumer(name))[:3], _ANY_EVENT)


def integrator_consumer(name: str) -> Consumer:
    # Not all of the stream: what is replayed for somebody else is no news.
    return Consumer("EVENTS", name, list(_ANY_EVENT))
