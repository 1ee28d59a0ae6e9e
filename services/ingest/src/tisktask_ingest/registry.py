"""The repositories that deliveries are taken for and the secrets that these are signed with, in memory."""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from tisktask_common.events import Repository
from tisktask_common.rpc import HookSecrets
from tisktask_common.sealing import KeyPair, SealingError
from tisktask_ingest import metrics

log = structlog.get_logger()


@dataclass(frozen=True)
class Hook:
    """One repository and its webhook secrets: none, one, or two while they are being exchanged."""

    repository: Repository
    secrets: tuple[SecretStr, ...]


class Registry:
    """Finds a repository by the name that its forge uses in payloads."""

    def __init__(self) -> None:
        self._hooks: dict[tuple[str, str], Hook] = {}
        self.is_loaded = False

    def find(self, forge: str, full_name: str) -> Hook | None:
        return self._hooks.get(_key(forge, full_name))

    def replace(self, hooks: Iterable[Hook]) -> bool:
        """Know these and no others; tell whether that changed anything."""
        fresh = {_key(hook.repository.forge, hook.repository.full_name): hook for hook in hooks}
        is_change = not self.is_loaded or fresh != self._hooks
        self._hooks = fresh
        self.is_loaded = True
        metrics.repositories.set(len(fresh))
        return is_change


def open_hook(item: HookSecrets, keys: KeyPair) -> Hook:
    """Open a repository's secrets; one that can not be opened is left out, so that the others still work."""
    secrets: list[SecretStr] = []
    for sealed in item.sealed_secrets:
        try:
            secret = keys.open(sealed)
        except SealingError as error:
            log.warning("secret_not_opened", repository=item.repository.full_name, error=error.message)
            continue
        if secret.get_secret_value():
            secrets.append(secret)
    return Hook(item.repository, tuple(secrets))


def _key(forge: str, full_name: str) -> tuple[str, str]:
    return forge, full_name.casefold()
