"""What a forge is, is found out by its API; and whole organisations are added."""

from collections.abc import Iterator

import pytest

from cli_terminal import Terminal
from forge import BackgroundForge, Flavour, Forge, Rights

SHA = "a" * 40
FLAVOURS = [Flavour.GITHUB, Flavour.FORGEJO, Flavour.GITEA]
NAMES = ["acme/api", "acme/docs", "acme/old", "acme/secret", "acme/web", "other/thing"]

ON_GITEA = pytest.mark.parametrize("forge", [Flavour.GITEA], indirect=True)
#: Where only GitHub's API and that of the two others differ.
ON_BOTH_APIS = pytest.mark.parametrize("forge", [Flavour.GITHUB, Flavour.FORGEJO], indirect=True)


@pytest.fixture(params=FLAVOURS, ids=str)
def forge(request: pytest.FixtureRequest, terminal: Terminal) -> Iterator[Forge]:
    with BackgroundForge(request.param) as forge:
        for name in NAMES:
            forge.state.add_repository(name, [SHA])
        forge.state.repository("acme/old").is_archived = True
        forge.state.repository("acme/secret").not_administered_by.add("ada")
        yield forge
        for item in terminal.json("repo", "list")["items"]:
            terminal.run("repo", "remove", item["id"], "--keep-webhook")


@pytest.fixture
def token(terminal: Terminal, forge: Forge) -> str:
    file = terminal.folder / "token"
    file.write_text(forge.state.add_token("ada", Rights.ADMIN).value)
    return str(file)


def names(terminal: Terminal) -> set[str]:
    return {item["full_name"] for item in terminal.json("repo", "list")["items"]}


def test_a_forge_below_a_path_that_tells_nothing_to_strangers_is_recognised(
    terminal: Terminal, forge: Forge, token: str
) -> None:
    forge.state.sub_path = "/some/git"
    forge.state.requires_sign_in = True
    added = terminal.json("repo", "add", f"{forge.root_url}/acme/api", "--token-file", token)
    assert added["forge"] == str(forge.state.flavour)
    path = "/api/v3" if forge.state.flavour is Flavour.GITHUB else "/api/v1"
    assert added["api_url"] == forge.root_url + path
    assert added["setup"]["test"]["arrival"] == "arrived"
    # What it is, is known from then on.
    again = terminal.json("repo", "add", f"{forge.root_url}/acme/api.git")
    assert (again["id"], again["setup"]["test"]["arrival"]) == (added["id"], "arrived")


def test_an_unknown_host_is_asked_without_a_token_too(terminal: Terminal, forge: Forge) -> None:
    added = terminal.json("repo", "add", f"{forge.root_url}/acme/api.git")
    assert added["forge"] == str(forge.state.flavour)
    assert "webhook_secret" in added
    assert added["setup"]["webhook"] is None


@ON_GITEA
def test_what_the_user_says_goes_before_what_the_forge_says(terminal: Terminal, forge: Forge) -> None:
    added = terminal.json("repo", "add", f"{forge.root_url}/acme/api.git", "--forge", "forgejo", "--api-url", "")
    assert (added["forge"], added["api_url"]) == ("forgejo", "")


def test_an_older_forgejo_is_told_from_gitea(terminal: Terminal) -> None:
    with BackgroundForge(Flavour.FORGEJO, "1.19.4-0") as old:
        old.state.add_repository("acme/api", [SHA])
        added = terminal.json("repo", "add", f"{old.root_url}/acme/api.git")
        assert added["forge"] == "forgejo"
        terminal.run("repo", "remove", added["id"])


def test_what_answers_no_forge_s_way_is_not_taken_for_one(terminal: Terminal) -> None:
    done = terminal.run("repo", "add", f"{terminal.stack.url}/acme/api.git", code=2)
    assert "Say it with --forge" in done.stderr


@ON_BOTH_APIS
def test_all_repositories_of_an_owner_that_a_token_administers_are_added(
    terminal: Terminal, forge: Forge, token: str
) -> None:
    owner = f"{forge.root_url}/acme"
    planned = terminal.json("repo", "sync", owner, "--token-file", token, "--dry-run")
    assert planned["would_add"] == ["acme/api", "acme/docs", "acme/web"]
    left_out = {item["full_name"]: item["reason"] for item in planned["left_out"]}
    assert left_out.keys() == {"acme/old", "acme/secret"}
    assert "archived" in left_out["acme/old"]
    assert "administrator" in left_out["acme/secret"]
    assert names(terminal) == set()
    done = terminal.json("repo", "sync", owner, "--token-file", token, "--exclude", "DOCS", "--max", "1")
    assert [item["full_name"] for item in done["added"]] == ["acme/api"]
    assert done["added"][0]["test"]["arrival"] == "arrived"
    assert {item["full_name"] for item in done["left_out"]} == {"acme/docs", "acme/old", "acme/secret", "acme/web"}
    said = terminal.run("repo", "sync", "acme", "--token-file", token, "--include", "*w*", "--include", "docs").stdout
    assert "1 is there already." in said
    assert "2 set up." in said
    assert names(terminal) == {"acme/api", "acme/docs", "acme/web"}
    assert all(len(forge.state.repository(name).hooks) == 1 for name in names(terminal))
    assert terminal.json("repo", "sync", "acme", "--token-file", token)["added"] == []


@ON_BOTH_APIS
def test_many_repositories_come_in_pages(terminal: Terminal, forge: Forge, token: str) -> None:
    for number in range(120):
        forge.state.add_repository(f"many/r{number:03}", [SHA])
    planned = terminal.json(
        "repo", "sync", f"{forge.root_url}/many", "--token-file", token, "--dry-run", "--max", "110"
    )
    assert (len(planned["would_add"]), len(planned["left_out"])) == (110, 10)


@ON_GITEA
def test_an_owner_that_nobody_sees_is_no_success(terminal: Terminal, forge: Forge, token: str) -> None:
    done = terminal.run("repo", "sync", f"{forge.root_url}/nobody", "--token-file", token, code=1)
    assert "sees no repository of nobody" in done.stderr
    assert "give the whole address" in terminal.run("repo", "sync", "acme", "--token-file", token, code=2).stderr
