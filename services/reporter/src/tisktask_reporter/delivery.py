"""Delivers one status: finds the way to its forge, claims it, posts what is wanted now and stores the outcome."""

import random
from dataclasses import dataclass
from typing import assert_never

import structlog
from prometheus_client import Counter

from tisktask_common.errors import InfrastructureError
from tisktask_reporter import words, words_for_apps
from tisktask_reporter.accounts import Paces
from tisktask_reporter.check_delivery import CheckDelivery
from tisktask_reporter.comment_delivery import CommentDelivery
from tisktask_reporter.credentials import CredentialBook, NoAccess
from tisktask_reporter.forges.client import ForgeClient
from tisktask_reporter.forges.comments import is_comment
from tisktask_reporter.forges.installations import Installations, Scope
from tisktask_reporter.forges.policy import (
    Delivered,
    History,
    Hopeless,
    PauseAccount,
    Redirect,
    Refused,
    Retry,
    RetryLimits,
    Verdict,
    backoff_seconds,
)
from tisktask_reporter.forges.request import Access
from tisktask_reporter.status import StatusKey
from tisktask_reporter.store import Claim, Store

log = structlog.get_logger()

#: When the orchestrator does not tell the credential.
NO_CREDENTIAL_SECONDS = 2.0
#: How much longer a claim holds than a post may take. A claim of a killed process is free again after both.
LEASE_MARGIN_SECONDS = 3.0

posts_delivered = Counter(
    "tisktask_statuses_delivered_total", "Statuses that a forge has confirmed", ["forge", "state"]
)
posts_failed = Counter("tisktask_status_posts_failed_total", "Posts that are to be repeated", ["forge"])
statuses_given_up = Counter("tisktask_statuses_given_up_total", "Statuses that no forge shows: see the log", ["forge"])
account_pauses = Counter("tisktask_forge_account_pauses_total", "Times that a forge limited us or was away", ["forge"])


@dataclass(frozen=True)
class Deliverer:
    """Posts statuses one at a time per key; the table's claims see to that across processes."""

    store: Store
    credentials: CredentialBook
    paces: Paces
    client: ForgeClient
    checks: CheckDelivery
    comments: CommentDelivery
    installations: Installations
    limits: RetryLimits
    post_seconds_max: float

    async def deliver(self, key: StatusKey) -> bool:
        """Bring one status a step further; False: somebody else does, or its account's turn is over.

        What the forge or the network does is recorded, not raised.
        """
        try:
            access = await self.credentials.find(key.repository_id)
        except InfrastructureError as error:
            log.warning("credential_not_available", repository_id=key.repository_id, error=error.message)
            return await self.store.postpone_status(key, NO_CREDENTIAL_SECONDS, error.message)
        if isinstance(access, NoAccess):
            log.info("status_closed", **_names(key), reason=access.reason)
            return await self.store.close_status(key, access.reason)
        if is_comment(key) and not access.has_comment:
            return await self.store.drop_status(key)
        pace = self.paces.of(access.forge)
        await self.store.save_account(key.repository_id, access.account, pace.at_once)
        # Nothing is waited for after this: the newest state is posted.
        # An App asks for its installation, a token, and once more for both if that is refused.
        seconds = self.post_seconds_max * (1 + (5 if access.app else 0)) + LEASE_MARGIN_SECONDS
        claim = await self.store.claim_status(key, access.account, pace, seconds)
        if claim is None:
            return False
        await self._post(claim, access)
        return True

    async def _post(self, claim: Claim, access: Access) -> None:
        # What is wanted is posted even if the forge confirmed the same before: a post that got no answer may
        # have changed it since.
        verdict = await self._try_post(claim, access)
        if isinstance(verdict, Refused) and access.app:
            # Minted anew, a token is refused for good reason.
            verdict = await self._try_post(claim, access)
        if isinstance(verdict, Refused):
            verdict = await self._try_newer_token(claim, access, verdict)
        await self._settle(claim, access, verdict)

    async def _try_post(self, claim: Claim, access: Access) -> Verdict:
        if self.credentials.is_refused(claim.key.repository_id, access):
            return Hopeless(words.TOKEN_REFUSED_BEFORE)
        history = History(
            tries=claim.tries,
            faults=claim.faults,
            waited_seconds=claim.waited_seconds,
            failing_seconds=claim.turn.failing_seconds,
            others_got_through=claim.turn.others_got_through,
            pauses=claim.turn.pauses,
            jitter=random.random(),  # noqa: S311 - spreads retries
        )
        opened = await self.installations.open(access, Scope.to_report(), history)
        if not isinstance(opened, Access):
            return opened
        verdict = await self._tell(claim, opened, history)
        if isinstance(verdict, Refused):
            self.installations.forget(opened)
        return verdict

    async def _tell(self, claim: Claim, access: Access, history: History) -> Verdict:
        if is_comment(claim.key):
            return await self.comments.post(claim, access, history)
        # Never both of one name: branches can be protected by either, and would wait for the one that stays behind.
        if (claim.told.way or ("check" if access.app else "status")) == "status":
            return await self.client.post_status(claim.key, claim.shown, access, history)
        if access.app is None:
            return Hopeless(words_for_apps.check_without_app())
        return await self.checks.post(claim, access, history)

    async def _try_newer_token(self, claim: Claim, access: Access, verdict: Refused) -> Verdict:
        try:
            other = await self.credentials.find_other(claim.key.repository_id, access)
        except InfrastructureError as error:
            return Retry(NO_CREDENTIAL_SECONDS, error.message, is_fault=False)
        if other is None or claim.faults + 1 >= self.limits.faults_max:
            return verdict
        # At once, unless newer tokens keep being refused too.
        return Retry(backoff_seconds(claim.tries, History(), self.limits) if claim.faults else 0, verdict.reason)

    async def _settle(self, claim: Claim, access: Access, verdict: Verdict) -> None:
        match verdict:
            case Delivered():
                await self._note_delivery(claim, access, verdict)
            case Retry():
                await self._note_failure(claim, is_fault=verdict.is_fault)
                await self.store.retry_status(claim, verdict.after_seconds, verdict.reason, is_fault=verdict.is_fault)
                posts_failed.labels(access.forge).inc()
                log.warning("status_not_delivered", **_names(claim.key), reason=verdict.reason)
            case PauseAccount():
                await self._pause(claim, access, verdict)
            case Refused():
                await self._give_up(claim, access, verdict.reason, is_fault=False)
            case Hopeless():
                await self._note_failure(claim, is_fault=verdict.is_fault)
                await self._give_up(claim, access, verdict.reason, is_fault=verdict.is_fault)
            case Redirect():
                raise AssertionError(verdict)  # the client has followed it
            case _:
                assert_never(verdict)

    async def _note_delivery(self, claim: Claim, access: Access, verdict: Delivered) -> None:
        await (self.store.continue_status if verdict.is_part else self.store.settle_delivered_status)(claim)
        posts_delivered.labels(access.forge, claim.shown.state).inc()
        log.info("status_delivered", **_names(claim.key), state=claim.shown.state, run_id=claim.run_id)
        if claim.turn.pauses or claim.turn.failing_seconds:
            revived = await self.store.note_delivery(claim.turn.account, self.limits.faults_max)
            log.info("forge_account_is_well_again", forge=access.forge, second_chances=revived)
        if verdict.is_moved:
            await self._follow_move(claim, access)
        if verdict.pause_seconds:
            await self.store.pause_account(claim.turn, verdict.pause_seconds, is_away=False)

    async def _follow_move(self, claim: Claim, access: Access) -> None:
        opened = await self.installations.open(access, Scope.to_report(), History())
        if isinstance(opened, Access) and (name := await self.client.read_full_name(opened)):
            await self.credentials.tell_name(claim.key.repository_id, access.full_name, name)

    async def _note_failure(self, claim: Claim, *, is_fault: bool) -> None:
        # If others get through, it is this status that fails, not the forge.
        if is_fault and not claim.turn.others_got_through:
            await self.store.note_failure(claim.turn.account)

    async def _give_up(self, claim: Claim, access: Access, reason: str, *, is_fault: bool) -> None:
        await self.store.give_up_status(claim, reason, is_fault=is_fault)
        statuses_given_up.labels(access.forge).inc()
        log.error("status_given_up", **_names(claim.key), repository=access.full_name, reason=reason)

    async def _pause(self, claim: Claim, access: Access, verdict: PauseAccount) -> None:
        await self.store.pause_account(claim.turn, verdict.seconds, is_away=verdict.is_away)
        # A status whose posts alone time out must not hold up the account again as soon as it goes on.
        own = backoff_seconds(claim.tries, History(), self.limits) if verdict.is_away else 0
        after_seconds = max(verdict.seconds, own)
        is_fault = verdict.is_away and claim.turn.others_got_through
        await self.store.retry_status(claim, after_seconds, verdict.reason, is_fault=is_fault)
        posts_failed.labels(access.forge).inc()
        account_pauses.labels(access.forge).inc()
        log.warning(
            "forge_account_pauses",
            **_names(claim.key),
            repository=access.full_name,
            seconds=round(verdict.seconds, 1),
            reason=verdict.reason,
        )


def _names(key: StatusKey) -> dict[str, str]:
    return {"repository_id": key.repository_id, "sha": key.sha, "context": key.context}
