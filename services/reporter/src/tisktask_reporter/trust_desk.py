"""Answers whom a repository's forge lets write, and what a pull request's head is now."""

import time
from collections import OrderedDict

from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.forge_requests import AskPermission, AskPull, ForgeAnswer, PermissionAnswer, PullAnswer
from tisktask_reporter import words
from tisktask_reporter.credentials import NoAccess
from tisktask_reporter.forge_desk import QUEUE, ForgeDesk, answer_as
from tisktask_reporter.forges.people import is_login, permission_request, read_permission
from tisktask_reporter.forges.repository import pull_request_request, read_pull
from tisktask_reporter.forges.request import Access

#: A right that was taken away is believed in for no longer.
KEPT_SECONDS = 60.0
_KEPT_MAX = 5000

permissions_kept = Counter("tisktask_permissions_kept_total", "Questions for a permission answered from memory")

#: Who asks is part of it: another token may be told something else.
_Key = tuple[str, str, str]


class TrustDesk:
    """Asks through the forge desk, within the limits that all questions share."""

    def __init__(self, desk: ForgeDesk) -> None:
        self._desk = desk
        #: Only what a forge has said, never that it did not.
        self._permissions: OrderedDict[_Key, tuple[bool, float]] = OrderedDict()

    async def open(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.answer(AskPermission, self.ask_permission, QUEUE)
        await bus.answer(AskPull, self.ask_pull, QUEUE)

    async def ask_permission(self, request: AskPermission, _caller: str) -> PermissionAnswer:
        if not is_login(request.login):
            return PermissionAnswer(problem=words.no_login(request.login), is_refused=True)
        access = await self._desk.find(request.repository_id)
        if isinstance(access, NoAccess):
            return PermissionAnswer(problem=access.reason, is_refused=True)
        key = (access.account, access.full_name, request.login.lower())
        if (known := self._recall(key)) is not None:
            return PermissionAnswer(may_write=known)
        answer = await self._ask_permission(request, access)
        if not answer.problem:
            self._keep(key, may_write=answer.may_write)
        return answer

    async def ask_pull(self, request: AskPull, _caller: str) -> PullAnswer:
        """Never from memory: heads move."""
        access = await self._desk.find(request.repository_id)
        if isinstance(access, NoAccess):
            return PullAnswer(problem=access.reason, is_refused=True)
        asked = pull_request_request(access, request.number)
        if asked is None:
            return PullAnswer(problem=words.unknown_forge(access.forge), is_refused=True)
        answer = await self._desk.ask(request.repository_id, access, asked, words.PULL_REQUEST)
        if isinstance(answer, ForgeAnswer):
            return answer_as(PullAnswer, answer)
        return _read_answer(answer.body, request.number, access)

    async def _ask_permission(self, request: AskPermission, access: Access) -> PermissionAnswer:
        asked = permission_request(access, request.login)
        if asked is None:
            return PermissionAnswer(problem=words.unknown_forge(access.forge), is_refused=True)
        answer = await self._desk.ask(request.repository_id, access, asked, words.PERMISSIONS)
        if isinstance(answer, ForgeAnswer):
            return answer_as(PermissionAnswer, answer)
        may_write = read_permission(answer.body, request.login)
        if may_write is None:
            return PermissionAnswer(problem=words.unreadable_answer(words.PERMISSIONS))
        return PermissionAnswer(may_write=may_write)

    def _recall(self, key: _Key) -> bool | None:
        known, until = self._permissions.get(key, (None, 0.0))
        if known is None or time.monotonic() > until:
            return None
        permissions_kept.inc()
        return known

    def _keep(self, key: _Key, *, may_write: bool) -> None:
        self._permissions.pop(key, None)
        self._permissions[key] = may_write, time.monotonic() + KEPT_SECONDS
        while len(self._permissions) > _KEPT_MAX:
            self._permissions.popitem(last=False)


def _read_answer(body: object, number: int, access: Access) -> PullAnswer:
    pull = read_pull(body, has_agit=access.forge != "github")
    if pull is None or pull.number != number:
        return PullAnswer(problem=words.unreadable_answer(words.PULL_REQUEST))
    return PullAnswer(pull=pull)
