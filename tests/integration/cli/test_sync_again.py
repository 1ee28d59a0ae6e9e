"""An owner's repositories are added once more: what was left without a webhook gets it, and nobody else's is touched."""

from collections.abc import Iterator

import pytest

from cli_terminal import Terminal
from forge import BackgroundForge, Flavour, Forge, Rights
from tisktask_cli.api_client import Server
from tisktask_cli.repository_setup import Wish
from tisktask_cli.syncing import ELSEWHERE, Choice, Home, add_all, choose, list_at_forge

SHA = "a" * 40


@pytest.fixture
def forge(server: Server) -> Iterator[Forge]:
    with BackgroundForge(Flavour.FORGEJO) as forge:
        for name in ("acme/api", "acme/elsewhere", "acme/web"):
            forge.state.add_repository(name, [SHA])
        yield forge
        for item in server.get("/repositories")["items"]:
            server.delete(f"/repositories/{item['id']}")


@pytest.fixture
def server(terminal: Terminal) -> Server:
    return Server(terminal.stack.url, terminal.stack.token, terminal.stack.ingest_url)


def sync(server: Server, home: Home, *exclude: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Add what is missing; returns what is wrong with each then, and what was left out and why."""
    chosen = choose(server, home, list_at_forge(server, home), Choice(exclude=exclude))
    added = add_all(server, home, chosen, Wish(tries=False), lambda _line: None)
    problems = {item["full_name"]: item["problems"] for item in added}
    return problems, {item["full_name"]: item["reason"] for item in chosen.left_out}


def test_what_a_weak_token_has_left_without_a_webhook_gets_it_from_a_better_one(server: Server, forge: Forge) -> None:
    weak = forge.state.add_token("ada", Rights.ADMIN, has_scope=False)
    home = Home("forgejo", forge.api_url, "acme", weak.value)
    other = {"forge": "forgejo", "full_name": "acme/elsewhere", "clone_url": "https://git.lan/acme/elsewhere.git"}
    server.post("/repositories", other)
    problems, left_out = sync(server, home)
    assert problems.keys() == {"acme/api", "acme/web"}
    assert all(problems.values())
    assert left_out == {"acme/elsewhere": ELSEWHERE}
    better = Home("forgejo", forge.api_url, "acme", forge.state.add_token("ada", Rights.ADMIN).value)
    assert sync(server, better, "web")[0] == {"acme/api": []}
    assert sync(server, better)[0] == {"acme/web": []}
    assert sync(server, better)[0] == {}
    hooks = {name: len(forge.state.repository(name).hooks) for name in ("acme/api", "acme/elsewhere", "acme/web")}
    assert hooks == {"acme/api": 1, "acme/elsewhere": 0, "acme/web": 1}


def test_one_that_is_refused_does_not_keep_the_others(server: Server, forge: Forge) -> None:
    forge.state.add_repository(f"acme/{'a' * 101}", [SHA])
    home = Home("forgejo", forge.api_url, "acme", forge.state.add_token("ada", Rights.ADMIN).value)
    problems, _ = sync(server, home)
    (refused,) = problems.pop(f"acme/{'a' * 101}")
    assert "full_name" in refused
    assert problems == {"acme/api": [], "acme/elsewhere": [], "acme/web": []}
