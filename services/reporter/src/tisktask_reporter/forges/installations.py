"""GitHub Apps: a signed claim to be the App becomes a token for one installation, kept in memory until it is old."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import jwt
import structlog
from jwt.exceptions import PyJWTError
from prometheus_client import Counter
from pydantic import SecretStr

from tisktask_reporter import words_for_apps as words
from tisktask_reporter.forges import github
from tisktask_reporter.forges.exchange import Exchange
from tisktask_reporter.forges.policy import History, Hopeless, Refused, Verdict
from tisktask_reporter.forges.request import Access, Answer, App, ForgeRequest
from tisktask_reporter.times import Clock

log = structlog.get_logger()

#: A claim may be ten minutes long; a minute of them allows for clocks that differ.
_CLAIM_BEFORE = timedelta(seconds=60)
_CLAIM_AFTER = timedelta(seconds=480)
#: Tokens are good for an hour.
_TOKEN_KEPT = timedelta(minutes=50)
_TOKENS_KEPT_MAX = 1000

tokens_minted = Counter("tisktask_app_tokens_minted_total", "Tokens of GitHub Apps that were made", ["what_for"])


@dataclass(frozen=True)
class Scope:
    """What a token may do: by default all that the installation may; to fetch, read one repository."""

    what_for: str
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def to_report(cls) -> "Scope":
        return cls("report")

    @classmethod
    def to_fetch(cls, full_name: str) -> "Scope":
        name = full_name.partition("/")[2]
        return cls(f"fetch {name}", {"repositories": [name], "permissions": {"contents": "read"}})


class Installations:
    """Opens repositories as an App. Tokens are neither logged nor stored."""

    def __init__(self, exchange: Exchange, clock: Clock) -> None:
        self._exchange = exchange
        self._clock = clock
        self._tokens: OrderedDict[tuple[str, str], tuple[SecretStr, datetime]] = OrderedDict()
        self._minting: dict[tuple[str, str], asyncio.Lock] = {}

    async def open(self, access: Access, scope: Scope, history: History) -> Access | Verdict:
        """Give the access a token of its App; one that has none stays as it is."""
        if access.app is None:
            return access
        key = (access.account, scope.what_for)
        lock = self._minting.setdefault(key, asyncio.Lock())
        async with lock:
            token, until = self._tokens.get(key, (None, self._clock()))
            if token is None or self._clock() >= until:
                minted = await self._mint(access, access.app, scope, history)
                if not isinstance(minted, SecretStr):
                    return minted
                token = minted
                self._keep(key, token)
        self._minting.pop(key, None)
        return replace(access, token=token)

    def forget(self, access: Access) -> None:
        """Make another token the next time: the forge has refused this one."""
        for key, (token, _) in list(self._tokens.items()):
            if token == access.token:
                del self._tokens[key]

    def _keep(self, key: tuple[str, str], token: SecretStr) -> None:
        self._tokens[key] = token, self._clock() + _TOKEN_KEPT
        while len(self._tokens) > _TOKENS_KEPT_MAX:
            self._tokens.popitem(last=False)

    async def _mint(self, access: Access, app: App, scope: Scope, history: History) -> SecretStr | Verdict:
        claim = self._claim(app)
        if claim is None:
            return Hopeless(words.APP_KEY_UNREADABLE)
        as_app = replace(access, token=claim)
        found = await self._ask(github.installation_request(as_app), as_app, history)
        if not isinstance(found, Answer):
            return found
        number = found.field("id", int)
        if number is None:
            return Hopeless(words.app_answer_not_understood())
        made = await self._ask(github.installation_token_request(as_app, number, scope.body), as_app, history)
        if not isinstance(made, Answer):
            return made
        token = made.field("token", str)
        if token is None:
            return Hopeless(words.app_answer_not_understood())
        tokens_minted.labels(scope.what_for.partition(" ")[0]).inc()
        log.info("app_token_minted", app_id=app.id, installation=number, what_for=scope.what_for)
        return SecretStr(token)

    async def _ask(self, request: ForgeRequest, as_app: Access, history: History) -> Answer | Verdict:
        outcome = await self._exchange.ask(request, as_app, history)
        match outcome:
            case Refused():
                return Hopeless(words.app_refused(outcome.reason))
            case Hopeless():
                return Hopeless(words.app_not_usable(outcome.reason), outcome.is_fault)
            case _:
                return outcome

    def _claim(self, app: App) -> SecretStr | None:
        """Sign that we are the App; None: with that key nobody can."""
        now = self._clock()
        claims = {"iat": now - _CLAIM_BEFORE, "exp": now + _CLAIM_AFTER, "iss": app.id}
        try:
            return SecretStr(jwt.encode(claims, app.key.get_secret_value(), algorithm="RS256"))
        except (PyJWTError, ValueError, TypeError) as error:
            # The error's text may hold parts of the key.
            log.error("app_key_unreadable", app_id=app.id, error=type(error).__name__)  # noqa: TRY400
            return None
