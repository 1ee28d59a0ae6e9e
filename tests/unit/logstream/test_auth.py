"""Tokens, sessions, and how often one may try."""

from pydantic import SecretStr

from tisktask_logstream.auth.credentials import Credentials
from tisktask_logstream.auth.login_limit import TRIES_ALTOGETHER, TRIES_PER_ADDRESS, LoginLimit

CREDENTIALS = Credentials(SecretStr("token-1"), session_seconds=100)


def test_only_the_token_is_the_token() -> None:
    assert CREDENTIALS.is_admin("token-1")
    assert not any(CREDENTIALS.is_admin(wrong) for wrong in ("", "token-2", "token-1 ", "\udcff", "x" * 10_000))


def test_a_session_lasts_its_time_and_not_longer() -> None:
    cookie = CREDENTIALS.make_session(now=1000)
    assert CREDENTIALS.is_session(cookie, now=1099)
    assert not CREDENTIALS.is_session(cookie, now=1100)


def test_a_changed_session_is_none() -> None:
    form, ends_at, nonce, signature = CREDENTIALS.make_session(now=1000).split(".")
    forged = [f"{form}.9999999999.{nonce}.{signature}", f"{form}.{ends_at}.{nonce}.", "", "...", "\udcff.\udcff"]
    assert not any(CREDENTIALS.is_session(cookie, now=1000) for cookie in forged)


def test_another_token_ends_all_sessions() -> None:
    other = Credentials(SecretStr("token-2"), session_seconds=100)
    assert not other.is_session(CREDENTIALS.make_session(now=1000), now=1000)


def test_tries_are_counted_for_each_address_and_come_back() -> None:
    limit = LoginLimit()
    assert all(limit.may_try("10.0.0.1", 100) for _ in range(TRIES_PER_ADDRESS))
    assert not limit.may_try("10.0.0.1", 100)
    assert limit.may_try("10.0.0.2", 100)
    assert limit.may_try("10.0.0.1", 161)


def test_many_addresses_together_are_limited_too() -> None:
    limit = LoginLimit()
    assert all(limit.may_try(f"10.0.0.{i}", 100) for i in range(TRIES_ALTOGETHER))
    assert not limit.may_try("10.0.1.1", 100)
