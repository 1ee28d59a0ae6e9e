"""A forge's button "re-run" was pressed: the runs that a commit has had run again, or one of them, or one job."""

from collections.abc import Coroutine
from typing import Any

import structlog
from prometheus_client import Counter

from tisktask_common.errors import UserError
from tisktask_common.events import RerunAsked, TriggerReceived
from tisktask_common.ids import RunId
from tisktask_common.orders import RerunJob, RerunMode, RerunRun, RunMade
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.rerunning.reruns import rerun_job, rerun_run
from tisktask_orchestrator.store.reruns import list_newest_runs, read_own_job
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

reruns_asked = Counter("tisktask_forge_reruns_total", "Runs that a forge's button ran again, or could not", ["outcome"])

_CALLER = "orchestrator"


async def rerun_commit(collaborators: Collaborators, trigger: TriggerReceived, asked: RerunAsked) -> None:
    """Run again what is asked for. The trigger's id is the request's: taken twice, it makes no more runs."""
    async with transaction(collaborators.pool) as connection:
        job = await read_own_job(connection, trigger.repository.id, trigger.change.sha, asked.external_id)
        newest = await list_newest_runs(connection, trigger.repository.id, trigger.change.sha)
    if job:
        order = RerunJob(job_id=job, actor=trigger.change.actor, request_id=trigger.trigger_id)
        await _note(rerun_job(collaborators, order, _CALLER), job)
        return
    if asked.external_id in newest:
        newest = [RunId(asked.external_id)]
    if not newest:
        reruns_asked.labels("unknown_commit").inc()
        log.info("rerun_not_made", why="the commit has had no run", sha=trigger.change.sha)
    for run in newest:
        order = RerunRun(run_id=run, mode=RerunMode.ALL, actor=trigger.change.actor, request_id=trigger.trigger_id)
        await _note(rerun_run(collaborators, order, _CALLER), run)


async def _note(rerun: Coroutine[Any, Any, RunMade], what: str) -> None:
    try:
        made = await rerun
    except UserError as error:
        # It has not ended yet, for instance: the person sees that at the forge.
        reruns_asked.labels("refused").inc()
        log.info("rerun_not_made", why=error.message, of=what)
    else:
        reruns_asked.labels("made" if made.is_new else "made_before").inc()
