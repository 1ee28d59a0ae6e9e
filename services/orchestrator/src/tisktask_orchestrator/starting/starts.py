"""People's and schedules' wishes for runs: taken, looked after while they wait, given up after a while."""

import structlog

from tisktask_common.database.pool import Connection
from tisktask_common.errors import ConflictError, NotFoundError
from tisktask_common.events import Repository
from tisktask_common.ids import new_start_id
from tisktask_common.starts import MANUAL, StartMade, StartRun
from tisktask_orchestrator import words
from tisktask_orchestrator.beginning import tell_of_beginning
from tisktask_orchestrator.bounds import NAME_CHARS_MAX, bounded
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.looking.wishes import hasten_look, want_look
from tisktask_orchestrator.starting import words as words_for_starts
from tisktask_orchestrator.starting.rules import check_start, full_names
from tisktask_orchestrator.starting.waiting import begin_wanted, give_up_overdue
from tisktask_orchestrator.store.repositories import lock_repository, read_repository
from tisktask_orchestrator.store.rows import RepositoryRow
from tisktask_orchestrator.store.starts import (
    WantedRun,
    count_waiting_starts,
    insert_start,
    list_named_heads,
    list_waiting_repositories,
    read_start_of_delivery,
)
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()


async def start_run(collaborators: Collaborators, request: StartRun, _caller: str) -> StartMade:
    """Take a person's wish for a run; asked again with the same request id, it is the same one."""
    check_start(request)
    wanted = WantedRun(
        id=new_start_id(),
        repository_id=request.repository_id,
        delivery=f"{MANUAL}:{request.request_id}",
        event=request.event,
        action=request.action,
        ref=request.ref,
        sha=request.sha,
        actor=bounded(request.actor, NAME_CHARS_MAX),
        inputs=request.inputs,
    )
    return await take_wish(collaborators, wanted)


async def take_wish(collaborators: Collaborators, wanted: WantedRun) -> StartMade:
    """Note that a run is wanted; one of a known commit begins at once, others when a look has shown the commit."""
    change: RunChange | None = None
    waiting_max = collaborators.settings.starts_waiting_max
    async with transaction(collaborators.pool) as connection:
        is_in_use = await lock_repository(connection, wanted.repository_id)
        repository = await read_repository(connection, wanted.repository_id)
        if not is_in_use or repository is None:
            raise NotFoundError(words.unknown_repository(wanted.repository_id))
        if before := await read_start_of_delivery(connection, wanted.repository_id, wanted.delivery):
            return StartMade(start_id=before, is_new=False)
        if await count_waiting_starts(connection, wanted.repository_id) >= waiting_max:
            raise ConflictError(words_for_starts.too_many_waiting(waiting_max))
        await insert_start(connection, wanted)
        if wanted.sha is None:
            await want_look(connection, wanted.repository_id)
        else:
            change = await _begin_at_once(connection, repository, wanted, wanted.sha)
    log.info("run_wanted", start=wanted.id, repository=wanted.repository_id, ref=wanted.ref, delivery=wanted.delivery)
    if change:
        await tell_of_beginning(collaborators, change)
    elif wanted.sha is None:
        await hasten_look(collaborators)
    return StartMade(start_id=wanted.id, is_new=True)


async def tend_starts(collaborators: Collaborators) -> None:
    """Give up what has waited too long; want looks for the others again, so that they do not wait out long pauses."""
    async with transaction(collaborators.pool) as connection:
        await give_up_overdue(connection, collaborators.settings.start_seconds_max)
    async with collaborators.pool.connection() as connection:
        waiting = await list_waiting_repositories(connection)
    for repository in waiting:
        # Each in a transaction of its own, so that nobody holds two looks.
        async with transaction(collaborators.pool) as connection:
            await want_look(connection, repository)
    if waiting:
        await hasten_look(collaborators)


async def _begin_at_once(
    connection: Connection, repository: RepositoryRow, wanted: WantedRun, sha: str
) -> RunChange | None:
    """Begin the run of a commit that was named. The ref only tells the jobs what it is called."""
    names = full_names(wanted.ref) if wanted.ref else [""]
    heads = await list_named_heads(connection, wanted.repository_id, names)
    ref = next((name for name in names if name in heads), names[0])
    about = Repository(id=repository.id, forge=repository.forge, full_name=repository.full_name)
    return await begin_wanted(connection, about, wanted, sha, ref)
