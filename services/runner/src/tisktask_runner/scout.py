"""Looks at repositories for the orchestrator: a few at once, each in a thread of its own, answered in pieces."""

import asyncio
import json
from collections.abc import Iterable
from functools import partial

import structlog
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import TisktaskError
from tisktask_common.ids import RepositoryId
from tisktask_common.looks import PIECE_BYTES_MAX, HeadsSeen, LookGrant, TakeLook
from tisktask_common.sealing import KeyPair
from tisktask_runner.source import words
from tisktask_runner.source.own_thread import in_own_thread
from tisktask_runner.source.remote_heads import NotSeen, Remote, RemoteHeads, read_remote_heads

log = structlog.get_logger()

#: Threads that wait for servers; one that never ends, because its server sends a little now and then, counts too.
THREADS_MAX = 16
_PATIENCE_SECONDS = 6.0

looks_made = Counter("tisktask_looks_made_total", "Looks at repositories that this process made", ["result"])


class Scout:
    """Takes the looks that the answers to heartbeats offer to this process."""

    def __init__(self, bus: Bus, runner: str, keys: KeyPair) -> None:
        self._bus = bus
        self._runner = runner
        self._keys = keys
        self._looking: dict[RepositoryId, asyncio.Task[None]] = {}
        self._threads = 0

    @property
    def can_look(self) -> bool:
        """Whether there is room for another look."""
        return self._threads < THREADS_MAX

    def offer(self, repositories: Iterable[RepositoryId]) -> None:
        """Look at each of them, but for those that are being looked at."""
        for repository in repositories:
            if repository not in self._looking and self.can_look:
                task = asyncio.create_task(self._look(repository), name=f"look {repository}")
                self._looking[repository] = task
                task.add_done_callback(partial(self._end, repository))

    async def close(self) -> None:
        """Leave what is under way: it is offered to others."""
        tasks = list(self._looking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _end(self, repository: RepositoryId, task: asyncio.Task[None]) -> None:
        self._looking.pop(repository, None)
        if not task.cancelled() and (error := task.exception()):
            looks_made.labels("broken").inc()
            log.error("look_broken", repository=repository, error=repr(error), exc_info=error)

    async def _look(self, repository: RepositoryId) -> None:
        try:
            grant = await self._take(repository)
            if grant.granted and grant.repository:
                await self._report(repository, grant, await self._read(grant, grant.repository.full_name))
            else:
                log.info("look_passed_over", repository=repository, reason=grant.reason)
        except TisktaskError as error:
            # The look is offered again when its time is over.
            looks_made.labels("unanswered").inc()
            log.warning("look_not_answered", repository=repository, error=error.message)

    async def _take(self, repository: RepositoryId) -> LookGrant:
        request = TakeLook(runner=self._runner, repository_id=repository, public_key=self._keys.public)
        return await self._bus.request(request, _PATIENCE_SECONDS)

    async def _read(self, grant: LookGrant, full_name: str) -> RemoteHeads | NotSeen:
        token = self._keys.open(grant.sealed_token) if grant.sealed_token else None
        remote = Remote(full_name, grant.clone_url, token, frozenset(grant.also))
        try:
            async with asyncio.timeout(grant.seconds_max):
                return await in_own_thread("look", partial(self._read_counted, remote, grant))
        except TimeoutError:
            return NotSeen(words.look_too_slow(full_name, grant.seconds_max))

    def _read_counted(self, remote: Remote, grant: LookGrant) -> RemoteHeads | NotSeen:
        self._threads += 1
        try:
            return read_remote_heads(remote, grant.refs_max, grant.seconds_max)
        finally:
            self._threads -= 1

    async def _report(self, repository: RepositoryId, grant: LookGrant, found: RemoteHeads | NotSeen) -> None:
        looks_made.labels("seen" if isinstance(found, RemoteHeads) else "failed").inc()
        blank = HeadsSeen(runner=self._runner, repository_id=repository, number=grant.number)
        for piece in _reports(blank, found):
            answer = await self._bus.request(piece)
            if not answer.accepted:
                log.info("look_overtaken", repository=repository, reason=answer.reason)
                return


def _reports(blank: HeadsSeen, found: RemoteHeads | NotSeen) -> list[HeadsSeen]:
    if isinstance(found, NotSeen):
        return [blank.model_copy(update={"error": found.reason})]
    pieces = cut(found.heads, PIECE_BYTES_MAX)
    ends = ["", *(next(reversed(piece)) for piece in pieces[:-1]), None]
    reports = [
        blank.model_copy(update={"heads": piece, "after": ends[place], "until": ends[place + 1]})
        for place, piece in enumerate(pieces)
    ]
    reports[-1] = reports[-1].model_copy(update={"default_ref": found.default_ref})
    return reports


def cut(heads: dict[str, str], bytes_max: int) -> list[dict[str, str]]:
    """Cut heads into pieces of a size, in their order; at least one, which may be empty."""
    pieces: list[dict[str, str]] = [{}]
    size = 0
    for ref, sha in heads.items():
        needed = len(json.dumps(ref)) + len(sha) + 4
        if size + needed > bytes_max and pieces[-1]:
            pieces.append({})
            size = 0
        pieces[-1][ref] = sha
        size += needed
    return pieces
