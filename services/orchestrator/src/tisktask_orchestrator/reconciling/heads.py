"""Finds what no webhook told of: branches and tags that stand at a commit of which no run is known become runs.

What the first look at a repository sees is only where we begin. A webhook that is on its way is waited for; one that
comes later still is recognised as the same (`settle_with_found`).
"""

import asyncio

import structlog
from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.events import Change, Repository, TriggerReceived
from tisktask_common.ids import trigger_id
from tisktask_orchestrator.beginning import begin_run
from tisktask_orchestrator.changes import RunChange
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.loops import repeat
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.store.heads import (
    UnknownHeadRow,
    list_unknown_heads,
    settle_head,
    settle_heads,
    settle_known_heads,
)
from tisktask_orchestrator.store.looks import LookRow, hasten_looks, want_due_looks
from tisktask_orchestrator.store.runs import Origin
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"
#: Wanted in one round; many repositories come one round after the other.
_LOOKS_WANTED_MAX = 100
_WANT_SECONDS = 1.0
#: After a start the first looks are spread over as much time.
_START_SECONDS_MAX = 30.0

runs_found = Counter("tisktask_runs_found_total", "Runs of what no webhook had told of", ["event"])


async def reconcile_heads(collaborators: Collaborators, connection: Connection, look: LookRow) -> list[RunChange]:
    """Make runs of what is not known, within the transaction in which the heads came in."""
    settings = collaborators.settings
    if _is_only_seen(look, settings):
        await settle_heads(connection, look.repository_id)
        return []
    await settle_known_heads(connection, look.repository_id)
    runs_max = settings.reconcile_runs_max
    unknown = await list_unknown_heads(connection, look.repository_id, settings.reconcile_grace_seconds, runs_max + 1)
    if len(unknown) > runs_max:
        log.warning("more_found_than_one_look_may_run", repository=look.full_name, runs=runs_max)
    made: list[RunChange] = []
    for head in unknown[:runs_max]:
        change = await begin_run(connection, _trigger_of(look, head), origin=Origin.RECONCILE)
        await settle_head(connection, look.repository_id, head.ref)
        if change:
            runs_found.labels(change.run.change["event"]).inc()
            log.info("run_found", repository=look.full_name, ref=head.ref, sha=head.sha, was=head.settled_sha)
            made.append(change)
    return made


async def reconcile_forever(collaborators: Collaborators) -> None:
    """Want a look at every repository soon after the start, and again and again."""
    if collaborators.settings.reconcile_seconds == 0:
        await asyncio.Event().wait()
    has_begun = False

    async def step() -> None:
        nonlocal has_begun
        async with transaction(collaborators.pool) as connection:
            if not has_begun:
                # What came while we were away, nobody has told us.
                await hasten_looks(connection, min(_START_SECONDS_MAX, collaborators.settings.reconcile_seconds))
            await want_due_looks(connection, _LOOKS_WANTED_MAX, collaborators.settings.reconcile_seconds)
        has_begun = True

    await repeat("reconcile", step, _WANT_SECONDS)


def _is_only_seen(look: LookRow, settings: OrchestratorSettings) -> bool:
    """Tell whether there is nothing to compare with, or it is not wanted."""
    return look.baseline_url != look.clone_url or not look.reconcile or settings.reconcile_seconds == 0


def _trigger_of(look: LookRow, head: UnknownHeadRow) -> TriggerReceived:
    # A webhook's delivery id has no slash.
    delivery = f"reconcile:{look.number}/{head.ref}"
    return TriggerReceived(
        trigger_id=trigger_id(look.repository_id, delivery),
        repository=Repository(id=look.repository_id, forge=look.forge, full_name=look.full_name),
        delivery=delivery,
        change=_change_of(head, look.default_ref),
    )


def _change_of(head: UnknownHeadRow, default_ref: str | None) -> Change:
    is_tag = head.ref.startswith(_TAGS)
    return Change(
        event="tag" if is_tag else "push",
        sha=head.sha,
        ref=head.ref,
        branch=None if is_tag else head.ref.removeprefix(_HEADS),
        tag=head.ref.removeprefix(_TAGS) if is_tag else None,
        base_sha=head.settled_sha,
        default_branch=default_ref.removeprefix(_HEADS) if default_ref else None,
    )
