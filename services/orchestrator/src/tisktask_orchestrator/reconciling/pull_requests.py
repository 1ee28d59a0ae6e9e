"""Open pull requests at a commit of which no run is known become runs, as heads do. The reporter asks the forge."""

import structlog

from tisktask_common.bus.connection import Bus
from tisktask_common.database.pool import Connection
from tisktask_common.errors import TisktaskError, UserError
from tisktask_common.events import Change, Repository, TriggerReceived
from tisktask_common.forge_requests import ForgeAnswer, ListOpenPulls, OpenPull
from tisktask_common.ids import trigger_id
from tisktask_orchestrator.beginning import begin_run, tell_of_beginning
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded, bounded_trigger
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.reconciling.heads import runs_found
from tisktask_orchestrator.store.forge_looks import (
    ForgeLookRow,
    LockedForgeLookRow,
    UnknownPullRow,
    fail_forge_look,
    finish_forge_look,
    list_unknown_pulls,
    lock_forge_look,
    settle_known_pulls,
    settle_pull,
    settle_pulls,
    upsert_pulls,
)
from tisktask_orchestrator.store.looks import LookTimes
from tisktask_orchestrator.store.runs import Origin
from tisktask_orchestrator.superseding import cancel_superseded
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

#: A page may need as long as the reporter gives the forge, and its redirects.
TRY_SECONDS = 20.0
PATIENCE_SECONDS = 25.0
#: With fifty to a page: a thousand open pull requests.
_PAGES_MAX = 20


async def reconcile_pulls(collaborators: Collaborators, look: ForgeLookRow) -> None:
    """Ask for the open pull requests, and make runs of what is not known."""
    found = await _list_pulls(collaborators.bus, look)
    if isinstance(found, ForgeAnswer):
        log.warning("pull_requests_not_listed", repository=look.full_name, reason=found.problem)
        async with collaborators.pool.connection() as connection:
            error = bounded(found.problem, REASON_CHARS_MAX)
            await fail_forge_look(connection, look, error, found.pause_seconds)
        return
    made: list[RunChange] = []
    async with transaction(collaborators.pool) as connection:
        locked = await lock_forge_look(connection, look)
        if locked:
            made = await _take_in(collaborators, connection, locked, found)
    for change in made:
        await tell_of_beginning(collaborators, change)
        await cancel_superseded(collaborators, change.run.trigger_id)


async def _list_pulls(bus: Bus, look: ForgeLookRow) -> list[OpenPull] | ForgeAnswer:
    pulls: dict[int, OpenPull] = {}
    page: int | None = 1
    while page is not None and page <= _PAGES_MAX:
        request = ListOpenPulls(repository_id=look.repository_id, page=page)
        try:
            answer = await bus.request(request, PATIENCE_SECONDS, TRY_SECONDS)
        except TisktaskError as error:
            return ForgeAnswer(problem=error.message)
        if answer.problem:
            return answer
        pulls |= {pull.number: pull for pull in answer.items}
        page = answer.next_page
    if page is not None:
        log.warning("more_pull_requests_than_are_looked_at", repository=look.full_name, looked_at=len(pulls))
    return list(pulls.values())


async def _take_in(
    collaborators: Collaborators, connection: Connection, look: LockedForgeLookRow, pulls: list[OpenPull]
) -> list[RunChange]:
    settings = collaborators.settings
    numbers = [pull.number for pull in pulls]
    await upsert_pulls(connection, look.repository_id, pulls)
    made: list[RunChange] = []
    if look.baseline_url != look.clone_url:
        await settle_pulls(connection, look.repository_id)
    else:
        await settle_known_pulls(connection, look.repository_id)
        unknown = await list_unknown_pulls(
            connection, look.repository_id, numbers, settings.reconcile_grace_seconds, settings.reconcile_runs_max
        )
        made = [change for pull in unknown if (change := await _make_run(connection, look, pull))]
    times = LookTimes(settings.reconcile_seconds, settings.reconcile_grace_seconds)
    await finish_forge_look(connection, look, numbers, times)
    return made


async def _make_run(connection: Connection, look: LockedForgeLookRow, pull: UnknownPullRow) -> RunChange | None:
    await settle_pull(connection, look.repository_id, pull.number)
    try:
        trigger = bounded_trigger(_trigger_of(look, pull))
    except UserError as error:
        log.warning("pull_request_unusable", repository=look.full_name, number=pull.number, error=error.message)
        return None
    change = await begin_run(connection, trigger, origin=Origin.RECONCILE)
    if change:
        runs_found.labels("pull_request").inc()
        log.info("run_found", repository=look.full_name, ref=trigger.change.ref, sha=trigger.change.sha)
    return change


def _trigger_of(look: LockedForgeLookRow, pull: UnknownPullRow) -> TriggerReceived:
    action = "synchronize" if pull.is_known else "opened"
    default_branch = look.default_ref.removeprefix("refs/heads/") if look.default_ref else None
    update = {"action": action, "default_branch": default_branch}
    change = Change.model_validate(pull.change).model_copy(update=update)
    delivery = f"reconcile:{look.number}/{change.ref}"
    return TriggerReceived(
        trigger_id=trigger_id(look.repository_id, delivery),
        repository=Repository(id=look.repository_id, forge=look.forge, full_name=look.full_name),
        delivery=delivery,
        change=change,
    )
