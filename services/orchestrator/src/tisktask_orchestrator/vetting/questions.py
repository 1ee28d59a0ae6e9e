"""What the forge is asked about people and pull requests, through the reporter."""

from dataclasses import dataclass

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import TisktaskError
from tisktask_common.forge_requests import AskPermission, AskPull, ForgeAnswer, PermissionAnswer, PullAnswer
from tisktask_common.ids import RepositoryId
from tisktask_orchestrator.bounds import REASON_CHARS_MAX, bounded

#: An answer may need as long as the reporter gives the forge, and its redirects.
_TRY_SECONDS = 20.0
_PATIENCE_SECONDS = 22.0
_PAUSE_SECONDS = 5.0
_PAUSE_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Later:
    """The forge can not answer at the moment."""

    problem: str
    seconds: float


@dataclass(frozen=True)
class NotTold:
    """The forge does not answer this, or has not for too long."""

    problem: str


async def ask_right(
    bus: Bus, repository: RepositoryId, login: str, patience_seconds: float
) -> PermissionAnswer | Later | NotTold:
    """Ask whether somebody may write."""
    try:
        answer = await bus.request(
            AskPermission(repository_id=repository, login=login), _PATIENCE_SECONDS, _TRY_SECONDS
        )
    except TisktaskError as error:
        answer = PermissionAnswer(problem=error.message)
    return _judge(answer, patience_seconds) or answer


async def ask_pull(
    bus: Bus, repository: RepositoryId, number: int, patience_seconds: float
) -> PullAnswer | Later | NotTold:
    """Ask for a pull request as it is now."""
    try:
        answer = await bus.request(AskPull(repository_id=repository, number=number), _PATIENCE_SECONDS, _TRY_SECONDS)
    except TisktaskError as error:
        answer = PullAnswer(problem=error.message)
    return _judge(answer, patience_seconds) or answer


def _judge(answer: ForgeAnswer, patience_seconds: float) -> Later | NotTold | None:
    if not answer.problem:
        return None
    problem = bounded(answer.problem, REASON_CHARS_MAX)
    if answer.is_refused or patience_seconds <= 0:
        return NotTold(problem)
    return Later(problem, min(max(answer.pause_seconds, _PAUSE_SECONDS), _PAUSE_SECONDS_MAX))
