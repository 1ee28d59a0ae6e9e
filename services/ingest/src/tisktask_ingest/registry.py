"""The repositories that deliveries are taken for and the secrets that these are signed with, in memory."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

import structlog
from pydantic import SecretStr

from tisktask_common.events import Repository
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import HookSecrets
from tisktask_common.sealing import KeyPair, SealingError
from tisktask_ingest import metrics
from tisktask_ingest.forges.identity import host_of
from tisktask_ingest.outcome import Identity

log = structlog.get_logger()


@dataclass(frozen=True)
class Hook:
    """One repository and its webhook secrets: none, one, or two while they are being exchanged."""

    repository: Repository
    secrets: tuple[SecretStr, ...]
    #: Where the forge is.
    host: str = ""
    #: The forge's own number for it, as far as it is known.
    external_id: int | None = None
    #: What the orchestrator calls each secret; empty: it is an older one, which does not number them.
    secret_numbers: tuple[int, ...] = ()

    def number_of(self, secret: int) -> int | None:
        """Name a secret, given its place in `secrets`."""
        return self.secret_numbers[secret] if secret < len(self.secret_numbers) else None


class Registry:
    """Finds a repository by the name that its forge uses in payloads, or by its number."""

    def __init__(self) -> None:
        self._hooks: dict[tuple[str, str], Hook] = {}
        self._by_number: dict[tuple[str, int], list[Hook]] = {}
        self.is_loaded = False

    def find(self, forge: str, identity: Identity) -> list[Hook]:
        """List who may be meant, the likeliest first: which one it is, the signature says."""
        names = [name for name in (identity.full_name, identity.former_name) if name]
        by_name = [hook for name in names if (hook := self._hooks.get(_key(forge, name)))]
        # Numbers are the forge's own, and there are several forges: the name in an address counts only with its host.
        by_number = [
            hook
            for hook in self._by_number.get((forge, identity.external_id or 0), [])
            if hook not in by_name and hook.host and hook.host == identity.host
        ]
        return by_name + by_number

    def get(self, repository: RepositoryId) -> Hook | None:
        return next((hook for hook in self._hooks.values() if hook.repository.id == repository), None)

    def replace(self, hooks: Iterable[Hook]) -> bool:
        """Know these and no others; tell whether that changed anything."""
        fresh = {_key(hook.repository.forge, hook.repository.full_name): hook for hook in hooks}
        is_change = not self.is_loaded or fresh != self._hooks
        self._hooks = fresh
        self._by_number = {}
        for hook in fresh.values():
            if hook.external_id:
                self._by_number.setdefault((hook.repository.forge, hook.external_id), []).append(hook)
        self.is_loaded = True
        metrics.repositories.set(len(fresh))
        return is_change


def open_hook(item: HookSecrets, keys: KeyPair) -> Hook:
    """Open a repository's secrets; one that can not be opened is left out, so that the others still work."""
    secrets: list[SecretStr] = []
    numbers: list[int] = []
    for sealed, number in zip_longest(item.sealed_secrets, item.secret_numbers[: len(item.sealed_secrets)]):
        try:
            secret = keys.open(sealed)
        except SealingError as error:
            log.warning("secret_not_opened", repository=item.repository.full_name, error=error.message)
            continue
        if secret.get_secret_value():
            secrets.append(secret)
            numbers += [] if number is None else [number]
    is_numbered = len(numbers) == len(secrets)
    host = host_of(item.clone_url)
    return Hook(item.repository, tuple(secrets), host, item.external_id, tuple(numbers) if is_numbered else ())


def _key(forge: str, full_name: str) -> tuple[str, str]:
    return forge, full_name.casefold()
