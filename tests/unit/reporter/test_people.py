"""Whom a forge lets write, as its answer says it; and who is never asked about."""

import pytest
from pydantic import SecretStr

from tisktask_reporter.forges.people import is_login, permission_request, read_permission
from tisktask_reporter.forges.repository import pull_request_request
from tisktask_reporter.forges.request import Access


def _access(forge: str) -> Access:
    return Access(forge, "https://forge.example/api", "me/app", SecretStr("t"))


@pytest.mark.parametrize("login", ["ada", "Ada-Lovelace", "a.b_c", "dependabot[bot]", "renovate[bot]", "_x", "x" * 99])
def test_a_name_is_asked_about(login: str) -> None:
    assert is_login(login)


@pytest.mark.parametrize(
    "login",
    ["", ".", "..", "-x", "a/b", "a\\b", "a?b", "a#b", "a%2fb", "a b", "ädä", "a\n", "x" * 100, "[bot]", "a[b]"],
)
def test_what_is_no_name_is_not(login: str) -> None:
    assert not is_login(login)


@pytest.mark.parametrize(
    ("forge", "root"),
    [("github", "https://forge.example/api"), ("forgejo", "https://forge.example/api/api/v1")],
)
def test_the_question_goes_to_the_configured_address(forge: str, root: str) -> None:
    asked = permission_request(_access(forge), "dependabot[bot]")
    assert asked
    assert (asked.method, asked.url) == (
        "GET",
        f"{root}/repos/me/app/collaborators/dependabot%5Bbot%5D/permission",
    )
    pull = pull_request_request(_access(forge), 12)
    assert pull
    assert (pull.method, pull.url) == ("GET", f"{root}/repos/me/app/pulls/12")


def test_an_unknown_forge_is_not_asked() -> None:
    assert permission_request(_access("local"), "ada") is None
    assert pull_request_request(_access("local"), 1) is None


@pytest.mark.parametrize(
    ("permission", "may_write"),
    [
        ("owner", True),
        ("admin", True),
        ("write", True),
        ("read", False),
        ("none", False),
        # Not what the forges say in this field: nothing is made of it.
        ("maintain", None),
        ("", None),
        (True, None),
        (None, None),
    ],
)
def test_levels_mean_what_the_forge_says(permission: object, may_write: bool | None) -> None:
    body = {"permission": permission, "role_name": "admin", "user": {"login": "Ada"}}
    assert read_permission(body, "ada") is may_write


@pytest.mark.parametrize("body", [None, [], "write", {}, {"role_name": "write"}])
def test_what_says_nothing_is_no_answer(body: object) -> None:
    assert read_permission(body, "ada") is None


def test_an_answer_about_somebody_else_is_none() -> None:
    assert read_permission({"permission": "admin", "user": {"login": "eve"}}, "ada") is None
    assert read_permission({"permission": "admin", "user": None}, "ada") is True
