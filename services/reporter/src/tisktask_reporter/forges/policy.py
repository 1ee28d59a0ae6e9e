"""What to do after a forge's answer, or without one. Pure: the one place where retries are decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from yarl import URL

from tisktask_reporter import words
from tisktask_reporter.forges.request import Answer

#: GitHub: at least a minute if it does not say how long.
PAUSE_SECONDS = 60.0
#: GitHub's limits are per hour; more than that, a header does not say for good reason.
PAUSE_SECONDS_MAX = 3700.0
#: GitHub may not know a commit yet that was pushed a moment ago.
UNKNOWN_COMMIT_SECONDS = 5.0

_AWAY = frozenset({502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530})


@dataclass(frozen=True)
class RetryLimits:
    """How long and how often is tried. By default six times in a quarter of an hour: after 1, 5, 25, ... seconds."""

    delay_seconds: float = 1
    delay_seconds_max: float = 60
    faults_max: int = 6
    away_seconds_max: float = 86_400


@dataclass(frozen=True)
class History:
    """What has happened to this status, and to its account, so far."""

    tries: int = 0
    faults: int = 0
    waited_seconds: float = 0
    #: For how long nothing of the account has got through.
    failing_seconds: float = 0
    #: Others were delivered since this one failed first: it is not the forge that is away.
    others_got_through: bool = False
    #: Pauses of the account one after the other, with nothing delivered in between.
    pauses: int = 0
    #: Spreads retries: 0 to 1.
    jitter: float = 0.5


@dataclass(frozen=True)
class Delivered:
    """The forge shows it. `pause_seconds`: its budget is used up until then."""

    pause_seconds: float = 0
    #: The repository has another name or address now.
    is_moved: bool = False
    #: There is more to be told.
    is_part: bool = False


@dataclass(frozen=True)
class Retry:
    """Try the status again after a pause. A fault counts towards giving up."""

    after_seconds: float
    reason: str
    is_fault: bool = True


@dataclass(frozen=True)
class PauseAccount:
    """Nothing more with this account for a while: the forge limits us, or is away."""

    seconds: float
    reason: str
    is_away: bool = False


@dataclass(frozen=True)
class Refused:
    """The forge does not know the token: no other post with it will fare better."""

    reason: str


@dataclass(frozen=True)
class Hopeless:
    """No retry will help; unless it is the forge that fails with everything (a fault)."""

    reason: str
    is_fault: bool = False
    #: The answer that says so, if the forge has given one.
    answer: Answer | None = None


@dataclass(frozen=True)
class Redirect:
    """The same request to another address of the same forge."""

    url: str


Verdict = Delivered | Retry | PauseAccount | Refused | Hopeless | Redirect


def judge_answer(answer: Answer, url: str, history: History, limits: RetryLimits, now: datetime) -> Verdict:
    """Decide on an answer to a request that was sent to `url`."""
    status = answer.status
    if status == 201:
        return Delivered(budget_pause(answer.headers, now) or 0)
    if is_limit(answer):
        # However long it lasts: what is limited is not lost.
        seconds = _limit_pause(answer, history, now)
        return PauseAccount(seconds, words.limited(status, seconds))
    if status in _AWAY:
        seconds = _retry_after(answer.headers, now) or backoff_seconds(history.pauses, history, limits)
        return _judge_absence(seconds, words.unavailable(status, answer.message), history, limits)
    if status in {301, 302, 307, 308}:
        return _judge_redirect(answer, url)
    return _judge_refusal(answer, history, limits)


def judge_silence(reason: str, history: History, limits: RetryLimits) -> Verdict:
    """Decide when no answer came: the connection failed, or took too long."""
    seconds = backoff_seconds(history.pauses, history, limits)
    return _judge_absence(seconds, words.no_answer(reason), history, limits)


def backoff_seconds(failures: int, history: History, limits: RetryLimits) -> float:
    """Double the pause with each failure, spread by a quarter to both sides."""
    delay = min(limits.delay_seconds_max, limits.delay_seconds * 2 ** min(failures, 20))
    return delay * (0.75 + history.jitter / 2)


def fault_seconds(history: History, limits: RetryLimits) -> float:
    """Wait five times as long after each fault: the last try is made about a quarter of an hour after the first."""
    return limits.delay_seconds * 5 ** min(history.faults, 10) * (0.75 + history.jitter / 2)


def _judge_absence(seconds: float, reason: str, history: History, limits: RetryLimits) -> PauseAccount | Hopeless:
    """A forge that is away is waited for; a status that alone gets no good answer is given up."""
    if history.others_got_through and history.faults + 1 >= limits.faults_max:
        return Hopeless(words.failed_alone(history.faults + 1, reason), is_fault=True)
    if min(history.waited_seconds, history.failing_seconds) > limits.away_seconds_max:
        return Hopeless(words.away_too_long(history.failing_seconds, reason))
    return PauseAccount(seconds, reason, is_away=True)


def is_limit(answer: Answer) -> bool:
    """Tell whether the forge only wants to be asked less often."""
    if answer.status == 429:
        return True
    message = answer.message.lower()
    return answer.status == 403 and (
        "retry-after" in answer.headers
        or answer.headers.get("x-ratelimit-remaining") == "0"
        or "secondary rate limit" in message
        or "rate limit exceeded" in message
    )


def _limit_pause(answer: Answer, history: History, now: datetime) -> float:
    told = _retry_after(answer.headers, now) or budget_pause(answer.headers, now)
    return told or min(PAUSE_SECONDS_MAX, PAUSE_SECONDS * 2 ** min(history.pauses, 10))


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read `Retry-After`: seconds, or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return _bounded(float(text[:10]))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return _bounded((until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def budget_pause(headers: Mapping[str, str], now: datetime) -> float | None:
    """Read GitHub's budget: None if something is left of it."""
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") != "0" or not (reset.isascii() and reset.isdigit()):
        return None
    return _bounded(float(reset[:12]) - now.timestamp())


def _bounded(seconds: float) -> float:
    return min(PAUSE_SECONDS_MAX, max(1.0, seconds))


def _judge_redirect(answer: Answer, url: str) -> Redirect | Hopeless:
    location = answer.headers.get("location", "")
    try:
        before = URL(url, encoded=True)
        after = before.join(URL(location, encoded=True))
        is_same = bool(location) and _is_same_forge(before, after)
    except ValueError:
        return Hopeless(words.not_an_api(answer.status))
    if not is_same:
        return Hopeless(words.redirected_elsewhere(words.fit(after.host or location or "nowhere", 100)))
    return Redirect(str(after.with_fragment(None)))


def _is_same_forge(before: URL, after: URL) -> bool:
    """Tell whether the token may go there: the same host and port, or the same host's https instead of http."""
    if after.host != before.host or after.user or after.password:
        return False
    if after.scheme == before.scheme:
        return after.port == before.port
    return (before.scheme, before.port, after.scheme, after.port) == ("http", 80, "https", 443)


def _judge_refusal(answer: Answer, history: History, limits: RetryLimits) -> Verdict:
    status, message = answer.status, answer.message
    if status == 401:
        return Refused(words.token_refused(message))
    if status in {408, 425} or status >= 500:
        return _judge_fault(answer, history, limits)
    if status == 422 and history.tries == 0 and "no commit found" in message.lower():
        return Retry(UNKNOWN_COMMIT_SECONDS, words.not_accepted(status, message), is_fault=False)
    return Hopeless(_say_refusal(answer), answer=answer)


def _judge_fault(answer: Answer, history: History, limits: RetryLimits) -> Retry | Hopeless:
    faults = history.faults + 1
    if faults >= limits.faults_max:
        return Hopeless(words.too_many_faults(answer.status, faults, answer.message), is_fault=True)
    return Retry(fault_seconds(history, limits), words.fault(answer.status, answer.message))


def _say_refusal(answer: Answer) -> str:
    match answer.status:
        case 403:
            return words.not_permitted(answer.message, answer.headers.get("x-accepted-github-permissions", ""))
        case 404:
            return words.not_found(answer.message)
        case status if status < 400:
            return words.not_an_api(status)
        case status:
            return words.not_accepted(status, answer.message)
