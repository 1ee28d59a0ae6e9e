"""Asks for those who set repositories up and wait for it: it rather takes longer than to fail for a short pause."""

import asyncio
import time
from collections import OrderedDict

from tisktask_common.forge_requests import ForgeAnswer
from tisktask_common.ids import RepositoryId
from tisktask_reporter import words
from tisktask_reporter.credentials import NoAccess
from tisktask_reporter.forge_desk import ForgeDesk
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest

_PATIENCE_SECONDS = 10.0
_ACCOUNTS_MAX = 1000


class PatientDesk:
    """Asks through the forge desk, within the limits that all questions share.

    Short pauses are sat out, and GitHub gets its second between two changes: many repositories are set up in a row.
    """

    def __init__(self, desk: ForgeDesk, github_pause_seconds: float) -> None:
        self._desk = desk
        self._github_pause_seconds = github_pause_seconds
        self._next_change: OrderedDict[str, float] = OrderedDict()

    async def find(self, repository: RepositoryId) -> Access | NoAccess:
        return await self._desk.find(repository)

    async def ask(
        self, repository: RepositoryId, access: Access, request: ForgeRequest, what: str
    ) -> Answer | ForgeAnswer:
        """Ask; a ForgeAnswer says why there is no answer."""
        if access.forge == "github" and request.method != "GET":
            await self._wait_for_turn(access.account)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            answer = await self._desk.ask(repository, access, request, what)
            if isinstance(answer, Answer) or answer.problem != words.ACCOUNT_PAUSES:
                return answer
            if time.monotonic() + answer.pause_seconds > deadline:
                return answer
            await asyncio.sleep(answer.pause_seconds)

    async def _wait_for_turn(self, account: str) -> None:
        now = time.monotonic()
        turn = max(now, self._next_change.get(account, 0))
        self._next_change[account] = turn + self._github_pause_seconds
        self._next_change.move_to_end(account)
        while len(self._next_change) > _ACCOUNTS_MAX:
            self._next_change.popitem(last=False)
        await asyncio.sleep(turn - now)
