"""Forges' addresses and tokens: asked of the orchestrator, kept in memory for a short time only."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import NotFoundError, TisktaskError
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import AskCredential, RenameRepository
from tisktask_common.sealing import KeyPair
from tisktask_reporter import words
from tisktask_reporter.forges.request import Access, App

log = structlog.get_logger()

KEPT_SECONDS = 60.0
#: A refused token is not tried again for this long: forges lock out who keeps on trying.
REFUSED_SECONDS = 3600.0
ASK_SECONDS = 5.0


@dataclass(frozen=True)
class NoAccess:
    """Nothing can be posted for this repository, and that is how it was set up."""

    reason: str


class CredentialBook:
    """Finds a repository's access. Tokens come sealed for this process's own key."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._keys = KeyPair.generate()
        self._known: dict[RepositoryId, tuple[Access | NoAccess, float]] = {}
        self._told_names: dict[RepositoryId, str] = {}
        self._refused: dict[RepositoryId, tuple[Access, float]] = {}
        self._asking: defaultdict[RepositoryId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def find(self, repository_id: RepositoryId) -> Access | NoAccess:
        """Look up or ask; raises InfrastructureError if the orchestrator does not answer."""
        async with self._asking[repository_id]:
            found, until = self._known.get(repository_id, (None, 0.0))
            if found is None or time.monotonic() > until:
                self._forget_old()
                found = await self._ask(repository_id)
                self._known[repository_id] = found, time.monotonic() + KEPT_SECONDS
            return found

    def forget(self, repository_id: RepositoryId) -> None:
        """Ask anew the next time, and try even a token that was refused."""
        self._known.pop(repository_id, None)
        self._refused.pop(repository_id, None)

    async def find_other(self, repository_id: RepositoryId, refused: Access) -> Access | None:
        """After the forge has refused a token: ask whether there is a newer one."""
        self._known.pop(repository_id, None)
        found = await self.find(repository_id)
        if isinstance(found, Access) and (found.token, found.app) != (refused.token, refused.app):
            return found
        self._refused[repository_id] = refused, time.monotonic() + REFUSED_SECONDS
        return None

    async def tell_name(self, repository_id: RepositoryId, old: str, new: str) -> None:
        """Have the name stored under which the forge knows the repository now; once, whatever comes of it."""
        if self._told_names.get(repository_id) == new or old == new:
            return
        request = RenameRepository(repository_id=repository_id, old_name=old, full_name=new)
        try:
            reply = await self._bus.request(request, ASK_SECONDS)
        except TisktaskError as error:
            log.warning("new_name_not_stored", repository=old, new_name=new, error=error.message)
            return
        self._told_names[repository_id] = new
        self._known.pop(repository_id, None)
        log.info("repository_renamed", repository=old, new_name=new, is_stored=reply.accepted, reason=reply.reason)

    def is_refused(self, repository_id: RepositoryId, access: Access) -> bool:
        refused, until = self._refused.get(repository_id, (None, 0.0))
        return (
            refused is not None
            and (refused.token, refused.app) == (access.token, access.app)
            and time.monotonic() < until
        )

    async def _ask(self, repository_id: RepositoryId) -> Access | NoAccess:
        request = AskCredential(repository_id=repository_id, public_key=self._keys.public)
        try:
            credential = await self._bus.request(request, ASK_SECONDS)
        except NotFoundError:
            return NoAccess(words.REPOSITORY_REMOVED)
        if not credential.api_url:
            return NoAccess(words.NO_FORGE)
        app = None
        if credential.app_id is not None and credential.sealed_app_key is not None:
            app = App(credential.app_id, self._keys.open(credential.sealed_app_key))
        if credential.sealed_token is None and app is None:
            log.warning("repository_has_no_token", repository=credential.repository.full_name, reason=words.NO_TOKEN)
            return NoAccess(words.NO_TOKEN)
        # An App goes before a token: it may do more.
        sealed = None if app else credential.sealed_token
        return Access(
            credential.repository.forge,
            credential.api_url,
            credential.repository.full_name,
            self._keys.open(sealed) if sealed else SecretStr(""),
            app,
            credential.has_comment,
        )

    def _forget_old(self) -> None:
        now = time.monotonic()
        for repository_id, (_, until) in list(self._known.items()):
            if now > until:
                del self._known[repository_id]
        for repository_id, (_, until) in list(self._refused.items()):
            if now > until:
                del self._refused[repository_id]
        for repository_id, lock in list(self._asking.items()):
            if repository_id not in self._known and not lock.locked():
                del self._asking[repository_id]
