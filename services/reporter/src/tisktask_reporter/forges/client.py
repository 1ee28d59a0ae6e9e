"""The one place that speaks HTTP to forges. The token goes into one header of requests to the configured host only."""

import asyncio
import json
import time
from dataclasses import replace
from typing import Any, cast

import aiohttp
import structlog
from yarl import URL

from tisktask_reporter import words
from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.policy import (
    Delivered,
    History,
    Hopeless,
    Redirect,
    RetryLimits,
    Verdict,
    judge_answer,
    judge_silence,
)
from tisktask_reporter.forges.proxies import Proxies
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest
from tisktask_reporter.status import Shown, StatusKey, StatusState
from tisktask_reporter.times import Clock

log = structlog.get_logger()

REDIRECTS_MAX = 3
ANSWER_BYTES_MAX = 64 * 1024
_MESSAGE_CHARACTERS_MAX = 300
_VERSION_KEPT_SECONDS = 3600.0


class ForgeClient:
    """Posts statuses and judges the answers."""

    def __init__(self, session: aiohttp.ClientSession, limits: RetryLimits, seconds_max: float, clock: Clock) -> None:
        self._session = session
        self._limits = limits
        self._seconds_max = seconds_max
        self._clock = clock
        self._proxies = Proxies.of_environment()
        self._skipped_known: dict[str, tuple[bool, float]] = {}
        self._asking_version = asyncio.Lock()

    async def post_status(self, key: StatusKey, shown: Shown, access: Access, history: History) -> Verdict:
        """Post once, following the forge's own redirects; never raises for what a forge or a network does."""
        if not _is_http(access.api_url):
            return Hopeless(words.invalid_api_url())
        try:
            async with asyncio.timeout(self._seconds_max):
                request = await self._build(key, shown, access)
                if request is None:
                    return Hopeless(words.unknown_forge(access.forge))
                return await self._post(request, access, history)
        except (aiohttp.ClientError, OSError) as error:
            reason = words.fit(_without_token(str(error) or type(error).__name__, access), _MESSAGE_CHARACTERS_MAX)
            return judge_silence(reason, history, self._limits)

    async def read_full_name(self, access: Access) -> str | None:
        """Ask what the repository is called now; None: the forge does not tell."""
        request = (github if access.forge == "github" else forgejo).repository_request(access)
        url = request.url
        try:
            async with asyncio.timeout(self._seconds_max):
                for _ in range(REDIRECTS_MAX + 1):
                    answer = await self._send(request, url, access)
                    verdict = judge_answer(answer, url, History(), self._limits, self._clock())
                    if not isinstance(verdict, Redirect):
                        return _read_text(answer.body, "full_name") if answer.status == 200 else None
                    url = verdict.url
        except (aiohttp.ClientError, OSError):
            log.warning("name_of_moved_repository_not_read", repository=access.full_name)
        return None

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
            request = forgejo.version_request(access)
            answer = await self._send(request, request.url, access)
            version = _read_text(answer.body, "version")
            if answer.status != 200 or version is None:
                # Asked again the next time; `success` is understood everywhere.
                return False
            known = forgejo.version_knows_skipped(version)
            self._skipped_known[access.api_url] = known, time.monotonic() + _VERSION_KEPT_SECONDS
            return known

    async def _post(self, request: ForgeRequest, access: Access, history: History) -> Verdict:
        url = request.url
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._send(request, url, access)
            verdict = judge_answer(answer, url, history, self._limits, self._clock())
            if isinstance(verdict, Delivered) and url != request.url:
                return replace(verdict, is_moved=True)
            if not isinstance(verdict, Redirect):
                return verdict
            url = verdict.url
        return Hopeless(words.TOO_MANY_REDIRECTS)

    async def _send(self, request: ForgeRequest, url: str, access: Access) -> Answer:
        # Followed by aiohttp, a redirected POST would become a GET: answered with 200, and nothing was posted.
        async with self._session.request(
            request.method,
            URL(url, encoded=True),
            headers={**request.headers, "Authorization": f"{request.scheme} {access.token.get_secret_value()}"},
            json=request.body,
            allow_redirects=False,
            proxy=self._proxies.address(url),
        ) as response:
            raw = await _read_bounded(response)
            headers = {name.lower(): _without_token(value, access) for name, value in response.headers.items()}
            body = _parse(raw)
            message = words.fit(_without_token(_read_message(body), access), _MESSAGE_CHARACTERS_MAX)
            return Answer(response.status, headers, message, body)


def new_session() -> aiohttp.ClientSession:
    """Make the HTTP session: no cookies, nothing from the environment."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
        timeout=aiohttp.ClientTimeout(total=None),
    )


def _is_http(api_url: str) -> bool:
    try:
        url = URL(api_url)
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and bool(url.host) and not (url.user or url.password)


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    raw = bytearray()
    async for piece in response.content.iter_any():
        raw += piece
        if len(raw) > ANSWER_BYTES_MAX:
            break
    return bytes(raw)


def _parse(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _read_text(body: object, field: str) -> str | None:
    value = cast("dict[str, object]", body).get(field) if isinstance(body, dict) else None
    return value if isinstance(value, str) else None


def _read_message(body: object) -> str:
    """Read what went wrong: `message`, and GitHub's `errors`, which name the field."""
    if not isinstance(body, dict):
        return ""
    fields = cast("dict[str, Any]", body)
    errors = fields.get("errors")
    details = cast("list[Any]", errors[:5]) if isinstance(errors, list) else [errors]
    texts = [" ".join(map(str, one.values())) if isinstance(one, dict) else one for one in details]
    return "; ".join(text for text in [fields.get("message"), *texts] if isinstance(text, str) and text)


def _without_token(text: str, access: Access) -> str:
    """Keep a forge that repeats what it was sent from making us store the token."""
    return text.replace(access.token.get_secret_value(), "[token]")
