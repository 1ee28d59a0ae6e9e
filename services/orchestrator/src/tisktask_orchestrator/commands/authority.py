"""In whose name a job's request comes: the one place that refuses attempts which are fenced off or over."""

from typing import Any

from tisktask_common.database.pool import Connection
from tisktask_common.errors import RefusedError
from tisktask_common.job_requests import JobRequest
from tisktask_orchestrator import words
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.store.attempts import read_authority
from tisktask_orchestrator.store.rows import AuthorityRow


async def require_attempt(connection: Connection, request: JobRequest[Any], caller: str) -> AuthorityRow:
    """Return the attempt that the request speaks for, if the caller holds it.

    Call it when the lock on what is to be changed is held: an attempt that is fenced off meanwhile has then acted
    before its successor, never after it.
    """
    require_runner(caller, request.runner)
    authority = await read_authority(connection, request.job_id, request.attempt, request.runner)
    if authority is None:
        raise RefusedError(words.no_authority(request.job_id, request.attempt))
    return authority
