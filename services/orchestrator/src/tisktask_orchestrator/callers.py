"""Who asks: the bus has authenticated the caller, here it is held against what the request says."""

from tisktask_common.errors import RefusedError
from tisktask_common.subjects import token
from tisktask_orchestrator import words


def require_runner(caller: str, runner: str) -> None:
    """Refuse a request that speaks for another runner host."""
    if caller != token(f"runner-{runner}"):
        raise RefusedError(words.not_this_runner(caller, runner))
