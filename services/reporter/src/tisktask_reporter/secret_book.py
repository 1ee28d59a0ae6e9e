"""Secrets that come with questions, or that forges are told: sealed anew for this process's own key."""

from pydantic import SecretStr

from tisktask_common.bus.connection import Bus
from tisktask_common.ids import RepositoryId
from tisktask_common.sealing import KeyPair
from tisktask_common.setup_requests import AskHookSecret, ResealSecret
from tisktask_reporter.credentials import ASK_SECONDS


class SecretBook:
    """Has secrets sealed anew for this process's own key."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._keys = KeyPair.generate()

    async def open(self, sealed: str | None) -> SecretStr:
        """Open what was sealed for the orchestrator; none is an empty one."""
        if sealed is None:
            return SecretStr("")
        request = ResealSecret(sealed_secret=sealed, public_key=self._keys.public)
        return self._keys.open((await self._bus.request(request, ASK_SECONDS)).sealed_secret)

    async def newest_hook_secret(self, repository: RepositoryId) -> tuple[SecretStr, int]:
        """Ask for the secret that a repository's webhook is to sign with, and its number."""
        request = AskHookSecret(repository_id=repository, public_key=self._keys.public)
        answer = await self._bus.request(request, ASK_SECONDS)
        return self._keys.open(answer.sealed_secret), answer.number
