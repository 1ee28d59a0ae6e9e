"""Which of an owner's repositories are added, and why others are not."""

from typing import Any

import pytest

from tisktask_cli.errors import CommandError
from tisktask_cli.forge_addresses import root_of, split_owner
from tisktask_cli.syncing import ARCHIVED, NO_RIGHT, PATTERN, Choice


def item(name: str, **fields: Any) -> dict[str, Any]:
    return {"full_name": f"acme/{name}", "is_archived": False, "may_administer": True} | fields


@pytest.mark.parametrize(
    ("choice", "one", "refusal"),
    [
        (Choice(), item("web"), ""),
        (Choice(include=["WEB-*", "api"]), item("web-shop"), ""),
        (Choice(include=["web-*"]), item("api"), PATTERN),
        (Choice(include=["*"], exclude=["*-old"]), item("web-OLD"), PATTERN),
        (Choice(), item("web", may_administer=False), NO_RIGHT),
        (Choice(), item("web", is_archived=True), ARCHIVED),
        (Choice(has_archived=True), item("web", is_archived=True), ""),
    ],
)
def test_what_is_left_out_has_a_reason(choice: Choice, one: dict[str, Any], refusal: str) -> None:
    assert choice.refusal(one) == refusal


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/acme", ("https://github.com", "acme")),
        ("https://example.org/git/acme/", ("https://example.org/git", "acme")),
        ("http://git.lan:3000/acme", ("http://git.lan:3000", "acme")),
    ],
)
def test_an_owner_s_address_is_split(url: str, expected: tuple[str, str]) -> None:
    assert split_owner(url) == expected


def test_an_address_without_an_owner_is_refused() -> None:
    with pytest.raises(CommandError, match="names nobody"):
        split_owner("https://github.com/")


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://example.org/some/git/acme/web.git", "https://example.org/some/git"),
        ("git@git.lan:acme/web.git", "https://git.lan"),
    ],
)
def test_a_forge_lies_before_owner_and_name(url: str, root: str) -> None:
    assert root_of(url, None) == root
