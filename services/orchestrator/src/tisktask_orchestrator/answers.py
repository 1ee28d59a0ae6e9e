"""Which function answers which request: one table."""

from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from tisktask_common.approvals import ApproveRun, DeclineRun
from tisktask_common.delivery_notes import NoteDelivery
from tisktask_common.errors import DatabaseError
from tisktask_common.events import Value
from tisktask_common.job_requests import (
    Annotate,
    DataCommands,
    DescribeJob,
    EndRun,
    PublishMessage,
    ReadJobs,
    ReleaseLock,
    SetSubscriptions,
    SpawnJob,
    StopOwnJob,
    TakeLock,
)
from tisktask_common.looks import HeadsSeen, TakeLook
from tisktask_common.orders import CancelJob, CancelRun, RerunJob, RerunRun
from tisktask_common.reporting import SetApp, SetComment
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
from tisktask_common.run_deletion import DeleteRun
from tisktask_common.runner_pauses import PauseRunner
from tisktask_common.setup_requests import AskHookSecret, ConnectHook, ResealSecret, RotateSecret, TryHook
from tisktask_common.starts import AddSchedule, ChangeSchedule, RemoveSchedule, RunSchedule, StartRun
from tisktask_orchestrator.cancels import cancel_job, cancel_run
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.commands.channels import publish_message, set_subscriptions
from tisktask_orchestrator.commands.locks import release_lock, take_lock
from tisktask_orchestrator.commands.remarks import note_annotation, note_description
from tisktask_orchestrator.commands.siblings import end_run, read_jobs, stop_own_job
from tisktask_orchestrator.commands.spawning import spawn_job
from tisktask_orchestrator.hooks.connecting import connect_hook, try_hook
from tisktask_orchestrator.hooks.deliveries import note_arrival, reseal_secret, tell_hook_secret
from tisktask_orchestrator.hooks.removing import remove_with_webhook
from tisktask_orchestrator.hooks.rotating import rotate_secret
from tisktask_orchestrator.reconciling.looks import begin_look, note_heads
from tisktask_orchestrator.repositories.identities import note_identity
from tisktask_orchestrator.repositories.reporting import set_app, set_comment
from tisktask_orchestrator.repositories.requests import (
    add_repository,
    list_hook_secrets,
    rename_repository,
    set_repository,
    tell_credential,
    tell_public_key,
)
from tisktask_orchestrator.rerunning.reruns import rerun_job, rerun_run
from tisktask_orchestrator.retention.deletion import delete_by_order
from tisktask_orchestrator.retention.showing import show_retention
from tisktask_orchestrator.rundata.requests import execute_commands
from tisktask_orchestrator.runners.claims import claim
from tisktask_orchestrator.runners.heartbeats import note_heartbeat
from tisktask_orchestrator.runners.pauses import pause_runner
from tisktask_orchestrator.runners.reports import note_began, note_ended
from tisktask_orchestrator.starting.schedules import add_schedule, change_schedule, remove_schedule, run_schedule
from tisktask_orchestrator.starting.starts import start_run
from tisktask_orchestrator.vetting.orders import approve_run, decline_run

#: The replicas share this queue: one of them gets each request.
QUEUE = "orchestrator"

Handler = Callable[[Collaborators, Any, str], Awaitable[Value]]

HANDLERS: dict[type[Request[Any]], Handler] = {
    ClaimJob: claim,
    JobBegan: note_began,
    JobEnded: note_ended,
    Heartbeat: note_heartbeat,
    TakeLook: begin_look,
    HeadsSeen: note_heads,
    ListRepositories: list_hook_secrets,
    NoteIdentity: note_identity,
    AskCredential: tell_credential,
    AskPublicKey: tell_public_key,
    AddRepository: add_repository,
    ChangeRepository: set_repository,
    RemoveRepository: remove_with_webhook,
    RenameRepository: rename_repository,
    SetApp: set_app,
    SetComment: set_comment,
    ConnectHook: connect_hook,
    TryHook: try_hook,
    RotateSecret: rotate_secret,
    NoteDelivery: note_arrival,
    ResealSecret: reseal_secret,
    AskHookSecret: tell_hook_secret,
    CancelRun: cancel_run,
    CancelJob: cancel_job,
    ApproveRun: approve_run,
    DeclineRun: decline_run,
    DeleteRun: delete_by_order,
    ShowRetention: show_retention,
    PauseRunner: pause_runner,
    RerunRun: rerun_run,
    RerunJob: rerun_job,
    StartRun: start_run,
    AddSchedule: add_schedule,
    ChangeSchedule: change_schedule,
    RemoveSchedule: remove_schedule,
    RunSchedule: run_schedule,
    SpawnJob: spawn_job,
    ReadJobs: read_jobs,
    StopOwnJob: stop_own_job,
    EndRun: end_run,
    DescribeJob: note_description,
    Annotate: note_annotation,
    DataCommands: execute_commands,
    TakeLock: take_lock,
    ReleaseLock: release_lock,
    SetSubscriptions: set_subscriptions,
    PublishMessage: publish_message,
}


async def answer_requests(collaborators: Collaborators) -> None:
    """Begin to answer; it goes on as long as the bus's connection lasts."""
    for request, handler in HANDLERS.items():
        await collaborators.bus.answer(request, _bind(collaborators, handler), QUEUE)


def _bind(collaborators: Collaborators, handler: Handler) -> Callable[[Request[Any], str], Awaitable[Value]]:
    async def handle(request: Request[Any], caller: str) -> Value:
        try:
            return await handler(collaborators, request, caller)
        except psycopg.OperationalError as error:
            raise DatabaseError from error

    return handle
