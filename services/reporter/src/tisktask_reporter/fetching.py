"""Tokens of Apps for those who fetch: they read one repository, and come sealed for the one who asked."""

from dataclasses import dataclass

import structlog
from pydantic import SecretStr

from tisktask_common.errors import InfrastructureError
from tisktask_common.reporting import FetchToken, MintFetchToken
from tisktask_common.sealing import seal
from tisktask_reporter.credentials import CredentialBook, NoAccess
from tisktask_reporter.forges.installations import Installations, Scope
from tisktask_reporter.forges.policy import History, Hopeless, PauseAccount, Refused, Retry
from tisktask_reporter.forges.request import Access

log = structlog.get_logger()


@dataclass(frozen=True)
class FetchTokens:
    """Answers the orchestrator."""

    credentials: CredentialBook
    installations: Installations

    async def mint(self, request: MintFetchToken, _caller: str) -> FetchToken:
        """Make a token; raises InfrastructureError if the forge makes none at the moment."""
        access = await self.credentials.find(request.repository_id)
        if isinstance(access, NoAccess):
            return FetchToken(sealed_token=None, reason=access.reason)
        opened = await self.installations.open(access, Scope.to_fetch(access.full_name), History())
        if isinstance(opened, Access):
            return FetchToken(sealed_token=_sealed(opened.token, request.public_key))
        reason = opened.reason if isinstance(opened, Hopeless | Retry | PauseAccount | Refused) else ""
        log.warning("fetch_token_not_minted", repository=access.full_name, reason=reason)
        if isinstance(opened, Hopeless) and not opened.is_fault:
            return FetchToken(sealed_token=None, reason=reason)
        raise InfrastructureError(reason)


def _sealed(token: SecretStr, public_key: str) -> str | None:
    return seal(token, public_key) if token.get_secret_value() else None
