"""What is said to forges, each in its own way, and what their answers mean."""

import asyncio
import time

from tisktask_reporter import words
from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.exchange import Exchange
from tisktask_reporter.forges.policy import Delivered, History, Hopeless, Verdict, budget_pause
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest
from tisktask_reporter.status import Shown, StatusKey, StatusState
from tisktask_reporter.times import Clock

_VERSION_KEPT_SECONDS = 3600.0


class ForgeClient:
    """Posts statuses; never raises for what a forge or a network does."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange = exchange
        self._clock = clock
        self._skipped_known: dict[str, tuple[bool, float]] = {}
        self._asking_version = asyncio.Lock()

    async def post_status(self, key: StatusKey, shown: Shown, access: Access, history: History) -> Verdict:
        """Post once."""
        request = await self._build(key, shown, access)
        if request is None:
            return Hopeless(words.unknown_forge(access.forge))
        outcome = await self._exchange.ask(request, access, history)
        if not isinstance(outcome, Answer):
            return outcome
        return Delivered(budget_pause(outcome.headers, self._clock()) or 0, outcome.is_moved)

    async def read_full_name(self, access: Access) -> str | None:
        """Ask what the repository is called now; None: the forge does not tell."""
        request = (github if access.forge == "github" else forgejo).repository_request(access)
        outcome = await self._exchange.ask(request, access, History())
        return outcome.field("full_name", str) if isinstance(outcome, Answer) else None

    async def _build(self, key: StatusKey, shown: Shown, access: Access) -> ForgeRequest | None:
        match access.forge:
            case "github":
                return github.status_request(key, shown, access)
            case "forgejo" | "gitea":
                knows_skipped = shown.state is StatusState.SKIPPED and await self._knows_skipped(access)
                return forgejo.status_request(key, shown, access, knows_skipped=knows_skipped)
            case _:
                return None

    async def _knows_skipped(self, access: Access) -> bool:
        async with self._asking_version:
            known, until = self._skipped_known.get(access.api_url, (False, 0.0))
            if time.monotonic() < until:
                return known
            outcome = await self._exchange.ask(forgejo.version_request(access), access, History())
            version = outcome.field("version", str) if isinstance(outcome, Answer) else None
            if version is None:
                # Asked again the next time; `success` is understood everywhere.
                return False
            known = forgejo.version_knows_skipped(version)
            self._skipped_known[access.api_url] = known, time.monotonic() + _VERSION_KEPT_SECONDS
            return known
