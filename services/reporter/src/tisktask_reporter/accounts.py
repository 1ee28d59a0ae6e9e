"""One account per forge and token: how many posts at once, and whether it pauses.

In memory: a pause that is forgotten at a restart is told again by the forge's next answer.
"""

import asyncio
import time

from pydantic import SecretStr
from yarl import URL

from tisktask_reporter.forges.request import Access

ACCOUNTS_KEPT_MAX = 1000


class Account:
    """What all posts with one token share, as forges count by token."""

    def __init__(self, posts_max: int) -> None:
        self.slots = asyncio.Semaphore(posts_max)
        #: Pauses one after the other, with nothing delivered in between.
        self.pauses = 0
        self._paused_until = 0.0

    @property
    def pause_seconds(self) -> float:
        """How long it pauses yet; 0 if it does not."""
        return max(0.0, self._paused_until - time.monotonic())

    def pause(self, seconds: float) -> None:
        # Posts that were under way together and met the same limit count as one.
        if not self.pause_seconds:
            self.pauses += 1
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def note_delivery(self, pause_seconds: float) -> None:
        self.pauses = 0
        if pause_seconds:
            self._paused_until = max(self._paused_until, time.monotonic() + pause_seconds)


class AccountBook:
    """Finds the account of a repository's access."""

    def __init__(self, posts_per_account_max: int) -> None:
        self._posts_max = posts_per_account_max
        self._accounts: dict[tuple[str, SecretStr], Account] = {}

    def find(self, access: Access) -> Account:
        key = (str(URL(access.api_url).origin()), access.token)
        if key not in self._accounts:
            self._forget_idle()
            self._accounts[key] = Account(self._posts_max)
        return self._accounts[key]

    def _forget_idle(self) -> None:
        if len(self._accounts) < ACCOUNTS_KEPT_MAX:
            return
        for key, account in list(self._accounts.items()):
            if not account.slots.locked() and not account.pause_seconds:
                del self._accounts[key]
