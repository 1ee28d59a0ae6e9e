"""Answers what the orchestrator asks forges: within the limits of the account that statuses are posted with."""

import asyncio
import random
import time
from collections import defaultdict
from dataclasses import replace
from typing import TypeVar

import structlog
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import InfrastructureError
from tisktask_common.forge_requests import (
    FailedDeliveries,
    FailedDelivery,
    ForgeAnswer,
    ListFailedDeliveries,
    ListOpenPulls,
    PullPage,
    Redelivered,
    RedeliverWebhooks,
)
from tisktask_common.ids import RepositoryId
from tisktask_reporter import words
from tisktask_reporter.credentials import CredentialBook, NoAccess
from tisktask_reporter.forges.exchange import Exchange
from tisktask_reporter.forges.hooks import hooks_page_request, leads_here, read_hooks
from tisktask_reporter.forges.installations import Installations, Scope
from tisktask_reporter.forges.policy import History, Hopeless, PauseAccount, Refused, Retry, Verdict
from tisktask_reporter.forges.repository import (
    deliveries_request,
    find_failed,
    next_page,
    next_url,
    pulls_request,
    read_pulls,
    redelivery_request,
)
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest
from tisktask_reporter.store import Store

log = structlog.get_logger()

#: The reporters share this queue: one of them gets each request.
QUEUE = "reporter"
#: Of a hundred deliveries each, the newest first.
_DELIVERY_PAGES_MAX = 3
#: Between two posts; a longer wait is a pause.
_GAP_SECONDS_MAX = 10.0
#: Our hooks of one repository that are asked about.
_HOOKS_MAX = 3

AnswerT = TypeVar("AnswerT", bound=ForgeAnswer)

questions = Counter("tisktask_forge_questions_total", "Questions to forges for the orchestrator", ["about", "result"])


class ForgeDesk:
    """Finds the access of a repository and asks its forge, one request after the other."""

    def __init__(
        self,
        store: Store,
        credentials: CredentialBook,
        exchange: Exchange,
        installations: Installations,
        webhook_url: str,
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._exchange = exchange
        self._installations = installations
        self._webhook_url = webhook_url
        #: By account: one question after the other, and until when it pauses.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._paused_until: dict[str, float] = {}

    async def open(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.answer(ListOpenPulls, self.list_open_pulls, QUEUE)
        await bus.answer(ListFailedDeliveries, self.list_failed_deliveries, QUEUE)
        await bus.answer(RedeliverWebhooks, self.redeliver, QUEUE)

    async def list_open_pulls(self, request: ListOpenPulls, _caller: str) -> PullPage:
        access = await self.find(request.repository_id)
        if isinstance(access, NoAccess):
            return PullPage(problem=access.reason, is_refused=True)
        asked = pulls_request(access, max(1, request.page))
        if asked is None:
            return PullPage(problem=words.unknown_forge(access.forge), is_refused=True)
        answer = await self.ask(request.repository_id, access, asked, words.OPEN_PULLS)
        if isinstance(answer, ForgeAnswer):
            return answer_as(PullPage, answer)
        found = read_pulls(answer.body, has_agit=access.forge != "github")
        if found is None:
            return PullPage(problem=words.unreadable_answer(words.OPEN_PULLS))
        pulls, unreadable = found
        if unreadable:
            log.warning("pull_requests_unreadable", repository=access.full_name, count=unreadable)
        return PullPage(items=pulls, next_page=next_page(answer.headers, max(1, request.page)))

    async def list_failed_deliveries(self, request: ListFailedDeliveries, _caller: str) -> FailedDeliveries:
        access = await self.find(request.repository_id)
        if isinstance(access, NoAccess) or access.forge != "github" or access.app:
            # An App's webhook is not the repository's, and its deliveries are not told to an installation.
            return FailedDeliveries(is_refused=True)
        hooks = await self._find_hooks(request.repository_id, access)
        if isinstance(hooks, ForgeAnswer):
            return answer_as(FailedDeliveries, hooks)
        failed: list[FailedDelivery] = []
        for hook in hooks[:_HOOKS_MAX]:
            found = await self._find_failed(request, access, hook)
            if isinstance(found, ForgeAnswer):
                return answer_as(FailedDeliveries, found)
            failed += found
        return FailedDeliveries(items=failed)

    async def redeliver(self, request: RedeliverWebhooks, _caller: str) -> Redelivered:
        access = await self.find(request.repository_id)
        if isinstance(access, NoAccess) or access.forge != "github":
            return Redelivered(is_refused=True)
        for count, failed in enumerate(request.items):
            asked = redelivery_request(access, failed)
            answer = await self.ask(request.repository_id, access, asked, words.WEBHOOKS)
            if isinstance(answer, ForgeAnswer):
                return answer_as(Redelivered, answer).model_copy(update={"count": count})
        return Redelivered(count=len(request.items))

    async def _find_hooks(self, repository: RepositoryId, access: Access) -> list[int] | ForgeAnswer:
        answer = await self.ask(repository, access, hooks_page_request(access, 1), words.WEBHOOKS)
        if isinstance(answer, ForgeAnswer):
            return answer
        found = read_hooks(answer.body)
        if found is None:
            return ForgeAnswer(problem=words.unreadable_answer(words.WEBHOOKS))
        hooks = [hook.id for hook in found if hook.active and leads_here(hook, access.forge, self._webhook_url)]
        return hooks or ForgeAnswer(problem=words.no_hook_of_ours(), is_refused=True)

    async def _find_failed(
        self, request: ListFailedDeliveries, access: Access, hook: int
    ) -> list[FailedDelivery] | ForgeAnswer:
        asked: ForgeRequest | None = deliveries_request(access, hook)
        bodies: list[object] = []
        while asked and len(bodies) < _DELIVERY_PAGES_MAX:
            answer = await self.ask(request.repository_id, access, asked, words.WEBHOOKS)
            if isinstance(answer, ForgeAnswer):
                return answer
            bodies.append(answer.body)
            url = next_url(answer.headers, access.api_url)
            asked = replace(asked, url=url) if url else None
        found = find_failed(bodies, hook, request.since)
        return ForgeAnswer(problem=words.unreadable_answer(words.WEBHOOKS)) if found is None else found

    async def find(self, repository: RepositoryId) -> Access | NoAccess:
        """Find what opens a repository's forge."""
        # An InfrastructureError goes back to who asks: the orchestrator does not answer itself.
        return await self._credentials.find(repository)

    async def ask(
        self, repository: RepositoryId, access: Access, request: ForgeRequest, what: str
    ) -> Answer | ForgeAnswer:
        """Ask once; a ForgeAnswer says why there is no answer."""
        if self._credentials.is_refused(repository, access):
            return ForgeAnswer(problem=words.TOKEN_REFUSED_BEFORE, is_refused=True)
        async with self._turns[access.account]:
            if seconds := await self._pause_of(access):
                return ForgeAnswer(problem=words.ACCOUNT_PAUSES, pause_seconds=seconds)
            outcome = await self._open_and_ask(request, access)
            if isinstance(outcome, PauseAccount):
                self._paused_until[access.account] = time.monotonic() + outcome.seconds
                await self._store.pause_after_question(access.account, outcome.seconds)
        questions.labels(what, "answered" if isinstance(outcome, Answer) else "not answered").inc()
        if isinstance(outcome, Answer):
            return outcome
        if isinstance(outcome, Refused):
            await self._note_refused(repository, access)
        return problem_of(outcome, what)

    async def _open_and_ask(self, request: ForgeRequest, access: Access) -> Answer | Verdict:
        history = History(jitter=random.random())  # noqa: S311 - spreads retries
        opened = await self._installations.open(access, Scope.to_report(), history)
        if not isinstance(opened, Access):
            return opened
        outcome = await self._exchange.ask(request, opened, history)
        if isinstance(outcome, Refused):
            self._installations.forget(opened)
        return outcome

    async def _pause_of(self, access: Access) -> float:
        """Say how long the account pauses, whoever has met the limit; short gaps between posts are none."""
        own = self._paused_until.get(access.account, 0) - time.monotonic()
        shared = await self._store.read_pause(access.account)
        return max(own, shared if shared > _GAP_SECONDS_MAX else 0, 0)

    async def _note_refused(self, repository: RepositoryId, access: Access) -> None:
        """Have the newest token be found the next time, and not this one again for a while."""
        try:
            await self._credentials.find_other(repository, access)
        except InfrastructureError as error:
            log.warning("credential_not_available", repository_id=repository, error=error.message)


def problem_of(outcome: Verdict, what: str) -> ForgeAnswer:
    """Say why there is no answer."""
    match outcome:
        case Hopeless(answer=Answer(status=403 | 404) as answer):
            return ForgeAnswer(problem=words.may_not_ask(what, answer.status, answer.message), is_refused=True)
        case PauseAccount():
            return ForgeAnswer(problem=outcome.reason, pause_seconds=outcome.seconds)
        case Retry():
            return ForgeAnswer(problem=outcome.reason, pause_seconds=outcome.after_seconds)
        case Hopeless():
            return ForgeAnswer(problem=outcome.reason, is_refused=not outcome.is_fault)
        case Refused():
            return ForgeAnswer(problem=outcome.reason, is_refused=True)
        case _:
            raise AssertionError(outcome)  # only a post is delivered, and redirects are followed


def answer_as(kind: type[AnswerT], answer: ForgeAnswer) -> AnswerT:
    """Say of this kind of answer why there is none."""
    return kind.model_validate(answer.model_dump())
