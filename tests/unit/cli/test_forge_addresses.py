"""What is read out of a repository's address."""

import pytest

from tisktask_cli.errors import CommandError
from tisktask_cli.forge_addresses import is_local, read_address


@pytest.mark.parametrize(
    ("url", "forge", "expected"),
    [
        ("https://github.com/acme/widget", None, ("github", "acme/widget", "https://api.github.com")),
        ("https://github.com/acme/widget.git", None, ("github", "acme/widget", "https://api.github.com")),
        ("git@github.com:acme/widget.git", None, ("github", "acme/widget", "https://api.github.com")),
        ("https://codeberg.org/acme/widget/", None, ("forgejo", "acme/widget", "https://codeberg.org/api/v1")),
        ("http://git.lan:3000/a/b.git", "gitea", ("gitea", "a/b", "http://git.lan:3000/api/v1")),
        ("https://lan/code/a/b", "forgejo", ("forgejo", "a/b", "https://lan/code/api/v1")),
        ("https://ghe.example.org/a/b", "github", ("github", "a/b", "https://ghe.example.org/api/v3")),
    ],
)
def test_forge_name_and_api_are_completed(url: str, forge: str | None, expected: tuple[str, str, str]) -> None:
    found = read_address(url, forge, None, None)
    assert (found.forge, found.full_name, found.api_url) == expected


def test_what_the_user_says_goes_first() -> None:
    found = read_address("https://github.com/acme/widget", "gitea", "x/y", "")
    assert (found.forge, found.full_name, found.api_url) == ("gitea", "x/y", "")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://git.example.org/a/b", "--forge"),
        ("https://token@github.com/a/b", "--token-file"),
        ("https://github.com/a", "--name"),
        ("ftp://github.com/a/b", "https://"),
        ("ssh://git@github.com/a/b", "https://"),
        ("ssh://git:token@github.com/a/b", "--token-file"),
        ("http://[::1/a/b", "Invalid IPv6"),
        ("http://git.lan:port/a/b", "Port"),
    ],
)
def test_a_refusal_names_the_way_out(url: str, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        read_address(url, None, None, None)


@pytest.mark.parametrize(("url", "local"), [("/a/b", True), (".", True), ("~/x", True), ("https://h/a/b", False)])
def test_paths_are_told_from_addresses(url: str, local: bool) -> None:
    assert is_local(url) is local
