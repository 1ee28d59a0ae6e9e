"""The one place that speaks HTTP to forges. The token goes into one header of requests to the configured host only."""

import asyncio
import json
from dataclasses import replace
from typing import Any, cast

import aiohttp
from yarl import URL

from tisktask_common.redaction import hide_tokens
from tisktask_reporter import words
from tisktask_reporter.forges.policy import (
    History,
    Hopeless,
    Redirect,
    RetryLimits,
    Verdict,
    is_limit,
    judge_answer,
    judge_silence,
)
from tisktask_reporter.forges.proxies import Proxies
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest
from tisktask_reporter.times import Clock

REDIRECTS_MAX = 3
_MESSAGE_CHARACTERS_MAX = 300


class Exchange:
    """Asks forges, and judges what is not the answer that was hoped for."""

    def __init__(self, session: aiohttp.ClientSession, limits: RetryLimits, seconds_max: float, clock: Clock) -> None:
        self._session = session
        self._limits = limits
        self._seconds_max = seconds_max
        self._clock = clock
        self._proxies = Proxies.of_environment()

    async def ask(self, request: ForgeRequest, access: Access, history: History) -> Answer | Verdict:
        """Ask once, following the forge's own redirects; never raises for what a forge or a network does."""
        if not is_http(access.api_url):
            return Hopeless(words.invalid_api_url())
        try:
            async with asyncio.timeout(self._seconds_max):
                return await self._ask(request, access, history)
        except (aiohttp.ClientError, OSError) as error:
            reason = words.fit(
                _without_secrets(str(error) or type(error).__name__, request, access), _MESSAGE_CHARACTERS_MAX
            )
            return judge_silence(reason, history, self._limits)

    async def _ask(self, request: ForgeRequest, access: Access, history: History) -> Answer | Verdict:
        url = request.url
        for _ in range(REDIRECTS_MAX + 1):
            answer = await self._send(request, url, access)
            is_told = answer.status in request.also_expected and not is_limit(answer)
            if answer.status == request.expected_status or is_told:
                return replace(answer, is_moved=url != request.url)
            verdict = judge_answer(answer, url, history, self._limits, self._clock())
            if not isinstance(verdict, Redirect):
                return verdict
            url = verdict.url
        return Hopeless(words.TOO_MANY_REDIRECTS)

    async def _send(self, request: ForgeRequest, url: str, access: Access) -> Answer:
        # Followed by aiohttp, a redirected POST would become a GET: answered with 200, and nothing was posted.
        async with self._session.request(
            request.method,
            URL(url, encoded=True),
            headers={**request.headers, **_authorization(request, access)},
            json=request.body,
            allow_redirects=False,
            proxy=self._proxies.address(url),
        ) as response:
            raw = await _read_bounded(response, request.answer_bytes_max)
            headers = {name.lower(): _without_secrets(text, request, access) for name, text in response.headers.items()}
            body = _parse(raw)
            message = words.fit(_without_secrets(_read_message(body), request, access), _MESSAGE_CHARACTERS_MAX)
            return Answer(response.status, headers, message, body)


def new_session() -> aiohttp.ClientSession:
    """Make the HTTP session: no cookies, nothing from the environment."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=60),
        timeout=aiohttp.ClientTimeout(total=None),
    )


def is_http(api_url: str) -> bool:
    try:
        url = URL(api_url)
        # A name with a part of more than 63 characters can be asked of nobody.
        (url.host or "").encode("idna")
    except ValueError:
        return False
    return url.scheme in {"http", "https"} and bool(url.host) and not (url.user or url.password)


def _authorization(request: ForgeRequest, access: Access) -> dict[str, str]:
    """Say who asks, if it is somebody: forges refuse an empty token where they would answer anybody."""
    token = access.token.get_secret_value()
    return {"Authorization": f"{request.scheme} {token}"} if token else {}


async def _read_bounded(response: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    raw = bytearray()
    async for piece in response.content.iter_any():
        raw += piece
        if len(raw) > bytes_max:
            break
    return bytes(raw)


def _parse(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _read_message(body: object) -> str:
    """Read what went wrong: `message`, and GitHub's `errors`, which name the field."""
    if not isinstance(body, dict):
        return ""
    fields = cast("dict[str, Any]", body)
    errors = fields.get("errors")
    details = cast("list[Any]", errors[:5]) if isinstance(errors, list) else [errors]
    texts = [" ".join(map(str, one.values())) if isinstance(one, dict) else one for one in details]
    return "; ".join(text for text in [fields.get("message"), *texts] if isinstance(text, str) and text)


def _without_secrets(text: str, request: ForgeRequest, access: Access) -> str:
    """Keep a forge that repeats what it was sent, or tells another token, from making us store it."""
    for secret, name in ((access.token, "[token]"), (request.secret, "[secret]")):
        if secret and (known := secret.get_secret_value()):
            text = text.replace(known, name)
    return hide_tokens(text)
