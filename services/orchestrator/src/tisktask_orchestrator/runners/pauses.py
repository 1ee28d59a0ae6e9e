"""A person pauses a runner host or one replica of it, and lets it go on."""

import structlog

from tisktask_common.errors import NotFoundError
from tisktask_common.job_requests import News
from tisktask_common.rpc import Accepted
from tisktask_common.runner_pauses import PauseRunner
from tisktask_common.subjects import WORK_TOPIC
from tisktask_orchestrator import words
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.news import send_news
from tisktask_orchestrator.store.pauses import (
    count_replicas,
    delete_runner_pauses,
    hold_runners,
    insert_runner_pause,
    is_runner_paused,
)
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()


async def pause_runner(collaborators: Collaborators, request: PauseRunner, _caller: str) -> Accepted:
    """Note it, and have the host ask at once what is new; what runs there goes on."""
    answer = await (_pause(collaborators, request) if request.is_paused else _resume(collaborators, request))
    if answer.accepted:
        log.info(
            "runner_paused" if request.is_paused else "runner_resumed", runner=request.runner, replica=request.replica
        )
        await send_news(collaborators.bus, request.runner, News(scope=request.runner, topics=[WORK_TOPIC]))
    return answer


async def _pause(collaborators: Collaborators, request: PauseRunner) -> Accepted:
    async with transaction(collaborators.pool) as connection:
        if not await hold_runners(connection, request.runner, request.replica):
            raise NotFoundError(words.unknown_runner(request.runner, request.replica))
        await insert_runner_pause(connection, request.runner, request.replica)
    return Accepted(accepted=True)


async def _resume(collaborators: Collaborators, request: PauseRunner) -> Accepted:
    async with transaction(collaborators.pool) as connection:
        count = await delete_runner_pauses(connection, request.runner, request.replica)
        if await is_runner_paused(connection, request.runner, request.replica):
            return Accepted(accepted=False, reason=words.host_is_paused(request.runner))
        if not count and not await count_replicas(connection, request.runner, request.replica):
            raise NotFoundError(words.unknown_runner(request.runner, request.replica))
    return Accepted(accepted=count > 0, reason="" if count else words.NOT_PAUSED)
