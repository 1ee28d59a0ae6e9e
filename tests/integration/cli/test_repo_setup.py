"""A repository is set up as a new user does it, against a whole stack and each of the forges."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_terminal import Terminal
from forge import BackgroundForge, Drop, Flavour, Forge, Rights
from forge.state import Hook, Token
from forge.webhooks import Push, push_delivery
from stack import wait_for

SHA = "a" * 40
NAME = "acme/widget"
FLAVOURS = [Flavour.GITHUB, Flavour.FORGEJO, Flavour.GITEA]
QUIET = ("--wait", 1)

ON_GITHUB = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
ON_GITEA = pytest.mark.parametrize("forge", [Flavour.GITEA], indirect=True)
#: Where only GitHub's API and that of the two others differ.
ON_BOTH_APIS = pytest.mark.parametrize("forge", [Flavour.GITHUB, Flavour.FORGEJO], indirect=True)


@pytest.fixture(params=FLAVOURS, ids=str)
def forge(request: pytest.FixtureRequest, terminal: Terminal) -> Iterator[Forge]:
    with BackgroundForge(request.param) as forge:
        forge.state.add_repository(NAME, [SHA])
        yield forge
        for item in terminal.json("repo", "list")["items"]:
            terminal.run("repo", "remove", item["id"], "--keep-webhook")


def save(terminal: Terminal, token: Token, name: str = "token") -> str:
    file = terminal.folder / name
    file.write_text(token.value + "\n")
    return str(file)


def admin(terminal: Terminal, forge: Forge) -> str:
    return save(terminal, forge.state.add_token("ada", Rights.ADMIN))


def address(forge: Forge, name: str = NAME) -> str:
    return f"{forge.root_url}/{name}.git"


def hooks(forge: Forge) -> list[Hook]:
    return forge.state.repository(NAME).hooks


def our_url(terminal: Terminal, forge: Forge) -> str:
    return f"{terminal.stack.ingest_url}/api/triggers/{forge.state.flavour}"


def test_one_command_with_a_token_makes_a_webhook_that_works(terminal: Terminal, forge: Forge) -> None:
    said = terminal.run("repo", "add", address(forge), "--token-file", admin(terminal, forge)).stdout
    assert "The token may:" in said
    assert "NO " not in said
    assert "was made." in said
    assert "A test delivery has arrived" in said
    assert "secret, shown" not in said
    (hook,) = hooks(forge)
    assert (hook.url, hook.is_active, hook.content_type) == (our_url(terminal, forge), True, "json")
    again = terminal.json("repo", "add", address(forge))
    assert again["setup"]["webhook"]["repaired"] == []
    assert (again["setup"]["webhook"]["hook_id"], again["setup"]["webhook"]["is_new"]) == (hook.id, False)
    assert again["setup"]["test"]["arrival"] == "arrived"
    assert hooks(forge) == [hook]
    terminal.run("repo", "remove", NAME)
    assert hooks(forge) == []


@ON_GITEA
def test_the_repository_s_page_shows_its_webhook(terminal: Terminal, forge: Forge) -> None:
    added = terminal.json("repo", "add", address(forge), "--no-webhook")
    assert "Set up by hand, or not at all" in page(terminal, added["id"])
    terminal.run("repo", "add", address(forge), "--token-file", admin(terminal, forge))
    shown = page(terminal, added["id"])
    assert f"it leads to <code>{our_url(terminal, forge)}</code>" in shown
    assert "Last heard of" in shown


def page(terminal: Terminal, repository: str) -> str:
    request = urllib.request.Request(
        f"{terminal.stack.url}/repositories/{repository}", headers={"Authorization": f"Bearer {terminal.stack.token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read().decode()


@ON_GITHUB
def test_a_push_through_the_made_webhook_makes_a_run(terminal: Terminal, forge: Forge) -> None:
    added = terminal.json("repo", "add", address(forge), "--token-file", admin(terminal, forge))
    (hook,) = hooks(forge)
    push = push_delivery(forge.state.flavour, forge.state.repository(NAME), Push(SHA), address(forge), hook.secret)
    assert push.send_now(terminal.stack.ingest_url) == 202

    def its_runs() -> list[str]:
        return [run["id"] for run in terminal.stack.runs(NAME, SHA) if run["repository_id"] == added["id"]]

    (run,) = wait_for(its_runs, 20, terminal.stack.log_tail)
    terminal.run("run", "cancel", run)
    terminal.run("repo", "remove", NAME, "--keep-webhook")
    assert hooks(forge) == [hook]


@ON_BOTH_APIS
def test_what_somebody_has_spoiled_is_made_right_without_a_second_webhook(terminal: Terminal, forge: Forge) -> None:
    token = admin(terminal, forge)
    url = our_url(terminal, forge)
    # More than come on one page, of which one leads nowhere at all.
    others = [Hook(2000 + number, f"https://elsewhere.example/{number}") for number in range(54)]
    others.append(Hook(1001, "http://[elsewhere/hook"))
    wrong = Hook(1002, url, is_active=False, content_type="form", events=["push", "wiki"], kind="gitea")
    twin = Hook(1003, f"{url}/", kind="gitea")
    hooks(forge).extend([*others, wrong, twin])
    done = terminal.json("repo", "add", address(forge), "--token-file", token)["setup"]
    assert done["test"]["arrival"] == "arrived"
    assert hooks(forge)[: len(others)] == others
    (ours,) = hooks(forge)[len(others) :]
    assert (ours.is_active, ours.content_type, ours.url.rstrip("/")) == (True, "json", url)
    assert {"push", "delete", "release", "pull_request"} <= set(ours.events)
    assert any("every push came twice" in line for line in done["webhook"]["repaired"])


@ON_BOTH_APIS
def test_rights_that_a_token_lacks_are_named_one_by_one(terminal: Terminal, forge: Forge) -> None:
    token = save(terminal, forge.state.add_token("bob", Rights.READ))
    done = terminal.run("repo", "add", address(forge), "--token-file", token, code=1).stdout
    assert "yes  read code" in done
    assert "NO   post statuses" in done
    assert "NO   make and change webhooks" in done
    assert "NO   see who may write" in done
    assert "administrator of the repository" in done or "Webhooks: read and write" in done
    assert "Webhook secret, shown this once" in done
    assert hooks(forge) == []


@ON_BOTH_APIS
def test_a_scope_that_a_token_lacks_is_told_from_a_right_of_its_owner(terminal: Terminal, forge: Forge) -> None:
    fields = {"may_write_hooks": False, "may_read_code": False} if forge.state.flavour is Flavour.GITHUB else {}
    token = forge.state.add_token("ada", Rights.ADMIN, has_scope=False, **fields)
    done = terminal.json("repo", "add", address(forge), "--token-file", save(terminal, token), code=1)
    rights = {one["name"]: one for one in done["setup"]["rights"]["rights"]}
    assert rights["post_statuses"]["state"] == "lacks"
    assert rights["write_webhooks"]["state"] == "lacks"
    assert rights["read_webhooks"]["state"] == "has"
    if forge.state.flavour is Flavour.GITHUB:
        assert "Contents: read" in rights["read_code"]["detail"]
        assert "repository_hooks=write" in rights["write_webhooks"]["detail"]
    else:
        assert "write:repository" in rights["post_statuses"]["detail"]
    assert len(done["webhook_secret"]) >= 32


@ON_GITEA
def test_a_token_that_the_forge_does_not_know_is_said_to_be_so(terminal: Terminal, forge: Forge) -> None:
    file = terminal.folder / "wrong"
    file.write_text("f" * 40)
    done = terminal.json("repo", "add", address(forge), "--token-file", file, code=1)
    assert "token" in done["setup"]["problems"][0]
    assert hooks(forge) == []


@ON_BOTH_APIS
def test_an_address_that_the_forge_may_not_call_is_said_with_what_to_do(terminal: Terminal, forge: Forge) -> None:
    forge.state.allowed_hosts = {"ci.example.org"}
    done = terminal.run("repo", "add", address(forge), "--token-file", admin(terminal, forge), *QUIET, code=1).stdout
    assert f"No test delivery has arrived at {our_url(terminal, forge)} within" in done
    if forge.state.flavour is Flavour.GITHUB:
        assert "reachable from the internet" in done
        assert "The forge says of it: webhook can only call" in done
    else:
        assert "ALLOWED_HOST_LIST = private" in done
    forge.state.allowed_hosts = None
    assert terminal.json("repo", "add", address(forge))["setup"]["test"]["arrival"] == "arrived"
    assert len(hooks(forge)) == 1


@ON_BOTH_APIS
def test_a_secret_that_was_changed_at_the_forge_is_set_anew(terminal: Terminal, forge: Forge) -> None:
    terminal.run("repo", "add", address(forge), "--token-file", admin(terminal, forge))
    hooks(forge)[0].secret = "something else"

    def add_again() -> str:
        return terminal.run("repo", "add", address(forge)).stdout

    # GitHub pings a new webhook by itself, too, and that may arrive in place of a test that is asked for.
    said = add_again()
    if "its signature is wrong" not in said:
        said = add_again()
    assert "its signature is wrong" in said
    assert "A test delivery has arrived" in said
    assert hooks(forge)[0].secret != "something else"
    assert len(hooks(forge)) == 1


@ON_BOTH_APIS
def test_a_secret_is_exchanged_and_the_old_one_goes(terminal: Terminal, forge: Forge) -> None:
    terminal.run("repo", "add", address(forge), "--token-file", admin(terminal, forge))
    old = hooks(forge)[0].secret
    assert "the old one is gone" in terminal.run("repo", "rotate-secret", NAME).stdout
    (hook,) = hooks(forge)
    assert hook.secret not in {"", old}
    repository = forge.state.repository(NAME)

    def status(secret: str) -> int:
        made = push_delivery(forge.state.flavour, repository, Push(SHA, before=SHA), address(forge), secret)
        return made.send_now(terminal.stack.ingest_url)

    assert not terminal.stack.api(f"/repositories/{terminal.json('repo', 'show', NAME)['id']}/webhook")["is_rotating"]
    wait_for(lambda: status(old) == 401, 20, terminal.stack.log_tail)
    assert status(hook.secret) == 202


@ON_GITEA
def test_the_doctor_says_what_is_wrong_and_with_its_exit_code(terminal: Terminal, forge: Forge) -> None:
    file = admin(terminal, forge)
    terminal.run("repo", "add", address(forge), "--token-file", file)
    well = terminal.json("repo", "doctor", NAME)["items"][0]["checkup"]
    assert well["is_well"]
    by_name = {item["name"]: item for item in well["items"]}
    assert by_name["webhook"]["state"] == by_name["deliveries"]["state"] == by_name["statuses"]["state"] == "ok"
    hooks(forge)[0].is_active = False
    hooks(forge)[0].events = ["push"]
    said = terminal.run("repo", "doctor", NAME, code=1).stdout
    assert "it is switched off" in said
    assert "it does not tell of" in said
    assert "repo add" in said
    hooks(forge).clear()
    assert "no webhook that leads here" in terminal.run("repo", "doctor", NAME, code=1).stdout
    forge.state.revoke_token(forge.state.tokens[Path(file).read_text().strip()])
    assert "token" in terminal.run("repo", "doctor", code=1).stdout


@ON_BOTH_APIS
def test_the_token_is_never_said_again(terminal: Terminal, forge: Forge) -> None:
    file = admin(terminal, forge)
    secret = Path(file).read_text().strip()
    terminal.run("repo", "add", address(forge), "--token-file", file)
    terminal.run("repo", "rotate-secret", NAME)
    assert secret not in terminal.stack.log_path.read_text()
    assert hooks(forge)[0].secret not in terminal.stack.log_path.read_text()
    assert secret not in terminal.run("repo", "doctor", NAME, "--json").stdout


def test_an_address_that_github_does_not_take_is_said_with_how_to_say_another(terminal: Terminal) -> None:
    with BackgroundForge(Flavour.GITHUB) as github:
        github.state.refuses_private = True
        github.state.add_repository(NAME, [SHA])
        done = terminal.run("repo", "add", address(github), "--token-file", admin(terminal, github), code=1).stdout
        assert "isn't reachable over the public Internet" in done
        assert "--webhook-url says another address" in done
        assert "Webhook secret, shown this once" in done
        terminal.run("repo", "remove", NAME)


@ON_GITHUB
def test_an_order_whose_answer_was_lost_leaves_one_webhook(terminal: Terminal, forge: Forge) -> None:
    file = admin(terminal, forge)
    # The rights of the token are found out first: statuses, webhooks.
    terminal.run("repo", "add", address(forge), "--token-file", file, "--no-webhook")
    found = terminal.json("repo", "show", NAME)["id"]
    forge.faults.add(Drop(after_effect=True))
    first = terminal.stack.api(f"/repositories/{found}/webhook", "POST", {"fallback_url": terminal.stack.ingest_url})
    assert first["problem"]
    assert len(hooks(forge)) == 1
    done = terminal.json("repo", "add", address(forge))["setup"]
    assert done["test"]["arrival"] == "arrived"
    assert len(hooks(forge)) == 1
