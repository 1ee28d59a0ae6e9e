"""The retry table."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_reporter.forges.policy import (
    PAUSE_SECONDS_MAX,
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
    judge_answer,
    judge_silence,
)
from tisktask_reporter.forges.request import Answer

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
URL = "https://api.example.com/repos/me/app/statuses/5f"
LIMITS = RetryLimits()


def judge(
    status: int,
    headers: dict[str, str] | None = None,
    message: str = "",
    history: History | None = None,
    url: str = URL,
) -> Verdict:
    return judge_answer(Answer(status, headers or {}, message), url, history or History(), LIMITS, NOW)


def test_created_is_delivered() -> None:
    assert judge(201) == Delivered()


def test_a_delivery_that_uses_up_the_budget_pauses_the_account() -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}
    assert judge(201, headers) == Delivered(pause_seconds=90)
    assert judge(201, headers | {"x-ratelimit-remaining": "1"}) == Delivered()


@pytest.mark.parametrize("status", [200, 202, 204, 304])
def test_another_success_is_no_delivery(status: int) -> None:
    verdict = judge(status)
    assert isinstance(verdict, Hopeless)
    assert "api-url" in verdict.reason


@pytest.mark.parametrize("status", [500, 501, 505, 408, 425])
def test_faults_are_tried_again_and_given_up_in_the_end(status: int) -> None:
    assert isinstance(judge(status), Retry)
    assert isinstance(judge(status, history=History(faults=4)), Retry)
    assert isinstance(judge(status, history=History(faults=5)), Hopeless)


@pytest.mark.parametrize("status", [502, 503, 504, 521])
def test_a_forge_that_is_away_pauses_the_account(status: int) -> None:
    reason = f"the forge is not available ({status})"
    assert judge(status) == PauseAccount(1.0, reason, is_away=True)
    assert judge(status, {"retry-after": "7"}) == PauseAccount(7, reason, is_away=True)
    # However often, while nothing gets through: only after a long time is it given up.
    assert isinstance(judge(status, history=History(tries=500, faults=500)), PauseAccount)
    # What has waited for its turn, not for the forge, is not given up; nor what has come while the forge was away.
    for history in (History(waited_seconds=86_401), History(failing_seconds=86_401)):
        assert isinstance(judge(status, history=history), PauseAccount)
    assert isinstance(judge(status, history=History(waited_seconds=86_401, failing_seconds=86_401)), Hopeless)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_status_that_alone_fails_is_given_up_after_six_tries(status: int) -> None:
    assert isinstance(judge(status, history=History(faults=4, others_got_through=True)), PauseAccount)
    verdict = judge(status, message="busy", history=History(faults=5, others_got_through=True))
    assert isinstance(verdict, Hopeless)
    assert "6 tries" in verdict.reason
    assert "busy" in verdict.reason


def test_six_tries_take_about_a_quarter_of_an_hour() -> None:
    pauses = [judge(500, history=History(faults=faults)) for faults in range(5)]
    assert [one.after_seconds for one in pauses if isinstance(one, Retry)] == [1, 5, 25, 125, 625]


def test_silence_is_a_forge_that_is_away() -> None:
    assert judge_silence("refused", History(), LIMITS) == PauseAccount(1.0, "no answer: refused", is_away=True)
    assert judge_silence("refused", History(pauses=3), LIMITS) == PauseAccount(8.0, "no answer: refused", is_away=True)
    long_ago = History(waited_seconds=86_401, failing_seconds=86_401)
    assert isinstance(judge_silence("refused", long_ago, LIMITS), Hopeless)
    alone = History(faults=5, others_got_through=True)
    assert isinstance(judge_silence("refused", alone, LIMITS), Hopeless)


@pytest.mark.parametrize(
    ("status", "headers", "message", "seconds"),
    [
        (429, {"retry-after": "17"}, "", 17),
        (429, {"retry-after": format_datetime(NOW + timedelta(seconds=25), usegmt=True)}, "", 25),
        (429, {}, "", 60),
        (429, {"retry-after": "soon"}, "", 60),
        (429, {"retry-after": "0"}, "", 1),
        (429, {"retry-after": "99999999999999"}, "", PAUSE_SECONDS_MAX),
        (403, {"retry-after": "17"}, "", 17),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 33)}, "", 33),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, "", 1),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "x"}, "", 60),
        (403, {"x-ratelimit-remaining": "9"}, "You have exceeded a Secondary Rate Limit", 60),
        (403, {}, "API rate limit exceeded for user ID 1", 60),
    ],
)
def test_limits_pause_the_account_for_as_long_as_the_forge_says(
    status: int, headers: dict[str, str], message: str, seconds: float
) -> None:
    verdict = judge(status, headers, message)
    assert isinstance(verdict, PauseAccount)
    assert verdict.seconds == seconds


def test_limits_without_a_time_double() -> None:
    verdicts = [judge(429, history=History(pauses=pauses)) for pauses in (0, 1, 2, 30)]
    assert [one.seconds for one in verdicts if isinstance(one, PauseAccount)] == [60, 120, 240, PAUSE_SECONDS_MAX]
    # A limit is no error: it is waited for, however long.
    assert isinstance(judge(429, history=History(waited_seconds=1e9, failing_seconds=1e9, faults=99)), PauseAccount)


def test_a_wrong_token_is_told_apart() -> None:
    verdict = judge(401, message="Bad credentials")
    assert isinstance(verdict, Refused)
    assert "Bad credentials" in verdict.reason


def test_missing_rights_are_hopeless_and_the_wanted_ones_are_named() -> None:
    verdict = judge(403, {"x-accepted-github-permissions": "statuses=write"}, "Resource not accessible")
    assert isinstance(verdict, Hopeless)
    assert "Resource not accessible" in verdict.reason
    assert "statuses=write" in verdict.reason


@pytest.mark.parametrize("status", [400, 404, 405, 409, 410, 415, 422])
def test_refusals_are_hopeless(status: int) -> None:
    verdict = judge(status, message="because")
    assert isinstance(verdict, Hopeless)
    assert f"{status}: because" in verdict.reason


def test_a_commit_that_github_does_not_know_yet_is_tried_once_more() -> None:
    message = "No commit found for SHA: 5f"
    expected = Retry(5.0, f"the forge does not accept the status (422: {message})", is_fault=False)
    assert judge(422, message=message) == expected
    assert isinstance(judge(422, message=message, history=History(tries=1)), Hopeless)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://api.example.com/repositories/7/statuses/5f", "https://api.example.com/repositories/7/statuses/5f"),
        ("/repos/me/new/statuses/5f", "https://api.example.com/repos/me/new/statuses/5f"),
        ("https://api.example.com:443/x#y", "https://api.example.com/x"),
    ],
)
def test_a_redirect_within_the_forge_is_followed(status: int, location: str, url: str) -> None:
    assert judge(status, {"location": location}) == Redirect(url)


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.example/x",
        "//evil.example/x",
        "https://api.example.com.evil.example/x",
        "https://api.example.com:8443/x",
        "http://api.example.com/x",
        "https://user@api.example.com/x",
        "ftp://api.example.com/x",
        "http://[",
        "",
    ],
)
def test_a_redirect_to_elsewhere_is_refused(location: str) -> None:
    assert isinstance(judge(302, {"location": location}), Hopeless)


def test_a_redirect_from_http_to_the_same_hosts_https_is_followed() -> None:
    headers = {"location": "https://forge.example/x"}
    assert judge(301, headers, url="http://forge.example/x") == Redirect("https://forge.example/x")
    assert isinstance(judge(301, headers, url="http://forge.example:3000/x"), Hopeless)


def test_a_redirect_that_asks_for_a_get_is_not_followed() -> None:
    assert isinstance(judge(303, {"location": "/x"}), Hopeless)


def test_pauses_double_up_to_a_limit_and_are_spread() -> None:
    assert [backoff_seconds(count, History(), LIMITS) for count in (0, 1, 2, 5, 6, 1000)] == [1, 2, 4, 32, 60, 60]
    assert backoff_seconds(0, History(jitter=0), LIMITS) == 0.75
    assert backoff_seconds(0, History(jitter=1), LIMITS) == 1.25


@given(
    st.integers(100, 599),
    st.dictionaries(
        st.sampled_from(["retry-after", "location", "x-ratelimit-remaining", "x-ratelimit-reset"]), st.text(max_size=30)
    ),
    st.text(max_size=30),
)
def test_no_answer_upsets_the_policy(status: int, headers: dict[str, str], message: str) -> None:
    verdict = judge(status, headers, message)
    if isinstance(verdict, PauseAccount):
        assert 0 < verdict.seconds <= PAUSE_SECONDS_MAX
