"""What wanted runs become: a run once their commit is known, or a failure that says why."""

import structlog
from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.events import Repository, TriggerReceived
from tisktask_common.ids import StartId, trigger_id
from tisktask_common.starts import StartState
from tisktask_orchestrator.beginning import begin_run
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.starting import words
from tisktask_orchestrator.starting.rules import full_names, make_change
from tisktask_orchestrator.store.looks import LookRow
from tisktask_orchestrator.store.runs import Origin, read_run_of_trigger
from tisktask_orchestrator.store.starts import (
    WantedRun,
    end_start,
    list_named_heads,
    lock_overdue_starts,
    lock_waiting_starts,
)

log = structlog.get_logger()

starts_ended = Counter("tisktask_starts_total", "Runs that were asked for, by what became of them", ["state"])


async def start_waiting(_collaborators: Collaborators, connection: Connection, look: LookRow) -> list[RunChange]:
    """Begin what waits for the look whose heads are in; called in the transaction that has noted them.

    What was wanted after the look began waits for the next one: this one may have missed a push before it.
    """
    about = Repository(id=look.repository_id, forge=look.forge, full_name=look.full_name)
    made: list[RunChange] = []
    for wanted in await lock_waiting_starts(connection, look.repository_id, look.taken_at):
        names = [look.default_ref or ""] if wanted.ref is None else full_names(wanted.ref)
        heads = await list_named_heads(connection, look.repository_id, names)
        ref = next((name for name in names if name in heads), None)
        if ref is None:
            reason = words.NO_DEFAULT_BRANCH if wanted.ref is None else words.no_such_ref(wanted.ref)
            await _fail(connection, wanted.id, reason)
        elif change := await begin_wanted(connection, about, wanted, heads[ref], ref, look.default_ref):
            made.append(change)
    return made


async def begin_wanted(
    connection: Connection,
    repository: Repository,
    wanted: WantedRun,
    sha: str,
    ref: str,
    default_ref: str | None = None,
) -> RunChange | None:
    """Make the run of a commit; an empty ref: the commit by itself. None: the run was made before."""
    trigger = _trigger_of(repository, wanted, sha, ref, default_ref)
    # Somebody has asked for just this run: a push does not make it superfluous, nor it a push's.
    change = await begin_run(connection, trigger, supersedes=False, origin=_origin_of(wanted))
    run = change.run.id if change else await read_run_of_trigger(connection, trigger.trigger_id)
    if await end_start(connection, wanted.id, StartState.STARTED, run=run):
        starts_ended.labels(StartState.STARTED).inc()
    return change


def _trigger_of(
    repository: Repository, wanted: WantedRun, sha: str, ref: str, default_ref: str | None
) -> TriggerReceived:
    if wanted.trigger is not None:
        received = TriggerReceived.model_validate(wanted.trigger)
        told = received.change.model_copy(update={"sha": sha})
        return received.model_copy(update={"repository": repository, "change": told})
    change = make_change(wanted.event, wanted.action, ref, sha, wanted.actor)
    return TriggerReceived(
        trigger_id=trigger_id(repository.id, wanted.delivery),
        repository=repository,
        delivery=wanted.delivery,
        change=change.model_copy(update={"default_branch": default_ref and default_ref.removeprefix("refs/heads/")}),
        inputs=wanted.inputs,
        schedule=wanted.schedule,
        scheduled_at=wanted.scheduled_at,
    )


def _origin_of(wanted: WantedRun) -> Origin:
    if wanted.trigger is not None:
        return Origin.WEBHOOK
    return Origin.SCHEDULE if wanted.schedule else Origin.MANUAL


async def give_up_overdue(connection: Connection, seconds_max: float) -> None:
    """Fail what has waited too long."""
    for overdue in await lock_overdue_starts(connection, seconds_max):
        await _fail(connection, overdue.id, words.not_seen_in_time(seconds_max, overdue.error or ""))


async def _fail(connection: Connection, start: StartId, reason: str) -> None:
    if await end_start(connection, start, StartState.FAILED, reason=reason):
        starts_ended.labels(StartState.FAILED).inc()
        log.warning("start_failed", start=start, reason=reason)
