"""Delivers one status: finds the way to its forge, claims it, posts what is wanted now and stores the outcome."""

import random
from dataclasses import dataclass
from typing import assert_never

import structlog
from prometheus_client import Counter

from tisktask_common.errors import InfrastructureError
from tisktask_reporter import words
from tisktask_reporter.accounts import Account, AccountBook
from tisktask_reporter.credentials import CredentialBook, NoAccess
from tisktask_reporter.forges.client import ForgeClient
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
    accounts: AccountBook
    client: ForgeClient
    limits: RetryLimits
    post_seconds_max: float

    async def deliver(self, key: StatusKey) -> None:
        """Bring one status a step further. What the forge or the network does is recorded, not raised."""
        try:
            access = await self.credentials.find(key.repository_id)
        except InfrastructureError as error:
            log.warning("credential_not_available", repository_id=key.repository_id, error=error.message)
            await self.store.postpone_status(key, NO_CREDENTIAL_SECONDS, error.message)
            return
        if isinstance(access, NoAccess):
            await self.store.close_status(key, access.reason)
            log.info("status_closed", **_names(key), reason=access.reason)
            return
        account = self.accounts.find(access)
        async with account.slots:
            if account.pause_seconds:
                await self.store.postpone_status(key, account.pause_seconds, words.ACCOUNT_PAUSES)
                return
            # Claimed only now: waiting for a slot must not use up the claim, and the newest state is posted.
            claim = await self.store.claim_status(key, self.post_seconds_max + LEASE_MARGIN_SECONDS)
            if claim is not None:
                await self._post(claim, access, account)

    async def _post(self, claim: Claim, access: Access, account: Account) -> None:
        # What is wanted is posted even if the forge confirmed the same before: a post that got no answer may
        # have changed it since.
        verdict = await self._try_post(claim, access, account)
        if isinstance(verdict, Refused):
            verdict = await self._try_newer_token(claim, access, verdict)
        await self._settle(claim, access, account, verdict)

    async def _try_post(self, claim: Claim, access: Access, account: Account) -> Verdict:
        if self.credentials.is_refused(claim.key.repository_id, access):
            return Hopeless(words.TOKEN_REFUSED_BEFORE)
        history = History(
            tries=claim.tries,
            faults=claim.faults,
            waited_seconds=claim.waited_seconds,
            pauses=account.pauses,
            jitter=random.random(),  # noqa: S311 - spreads retries
        )
        return await self.client.post_status(claim.key, claim.shown, access, history)

    async def _try_newer_token(self, claim: Claim, access: Access, verdict: Refused) -> Verdict:
        try:
            other = await self.credentials.find_other(claim.key.repository_id, access)
        except InfrastructureError as error:
            return Retry(NO_CREDENTIAL_SECONDS, error.message, is_fault=False)
        if other is None or claim.faults + 1 >= self.limits.faults_max:
            return verdict
        # At once, unless newer tokens keep being refused too.
        return Retry(backoff_seconds(claim.tries, History(), self.limits) if claim.faults else 0, verdict.reason)

    async def _settle(self, claim: Claim, access: Access, account: Account, verdict: Verdict) -> None:
        match verdict:
            case Delivered():
                account.note_delivery(verdict.pause_seconds)
                await self.store.settle_delivered_status(claim)
                posts_delivered.labels(access.forge, claim.shown.state).inc()
                log.info("status_delivered", **_names(claim.key), state=claim.shown.state, run_id=claim.run_id)
            case Retry():
                await self.store.retry_status(claim, verdict.after_seconds, verdict.reason, is_fault=verdict.is_fault)
                posts_failed.labels(access.forge).inc()
                log.warning("status_not_delivered", **_names(claim.key), reason=verdict.reason)
            case PauseAccount():
                await self._pause(claim, access, account, verdict)
            case Refused() | Hopeless():
                await self.store.give_up_status(claim, verdict.reason)
                statuses_given_up.labels(access.forge).inc()
                log.error("status_given_up", **_names(claim.key), repository=access.full_name, reason=verdict.reason)
            case Redirect():
                raise AssertionError(verdict)  # the client has followed it
            case _:
                assert_never(verdict)

    async def _pause(self, claim: Claim, access: Access, account: Account, verdict: PauseAccount) -> None:
        account.pause(verdict.seconds)
        # A status whose posts alone time out must not hold up the account again as soon as it goes on.
        own = backoff_seconds(claim.tries, History(), self.limits)
        await self.store.retry_status(claim, max(verdict.seconds, own), verdict.reason, is_fault=False)
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
