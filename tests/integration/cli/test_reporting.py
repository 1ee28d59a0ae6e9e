"""From a webhook to what the forge shows, and what it refuses, through all processes. No runner: runs wait."""

from pathlib import Path

from app_keys import app_keys
from cli_terminal import Terminal
from forge import BackgroundForge, Flavour, Rights
from forge.webhooks import Push, push_delivery
from stack import wait_for

FIRST, SECOND, THIRD = ("1a" * 20, "2b" * 20, "3c" * 20)


def test_a_refusal_is_said_and_an_app_shows_checks(terminal: Terminal, tmp_path: Path) -> None:
    stack = terminal.stack
    with BackgroundForge(Flavour.GITHUB) as forge:
        repository = forge.state.add_repository("acme/reported", commits=[FIRST, SECOND, THIRD])
        (tmp_path / "token").write_text(forge.state.add_token("robot", Rights.READ).value)
        clone_url = f"{forge.root_url}/acme/reported.git"
        added = terminal.json(
            *("repo", "add", clone_url, "--forge", "github", "--api-url", forge.api_url),
            *("--token-file", tmp_path / "token", "--no-webhook"),
        )

        def push(sha: str) -> str:
            delivery = push_delivery(Flavour.GITHUB, repository, Push(sha), clone_url, added["webhook_secret"])
            assert delivery.send_now(stack.ingest_url) == 202
            (run,) = wait_for(lambda: stack.runs("acme/reported", sha), 20, stack.log_tail)
            return run["id"]

        # The token may only read: the run's page and the API say what the forge has said.
        run = push(FIRST)
        (problem,) = wait_for(lambda: stack.api(f"/runs/{run}")["status_problems"], 20, stack.log_tail)
        assert (problem["context"], problem["outcome"]) == ("tisktask/push", "given_up")
        assert "Resource not accessible" in problem["error"]
        # One that may write is used at once, also for what was refused before.
        (tmp_path / "token").write_text(forge.state.add_token("writer").value)
        terminal.run(
            *("repo", "add", clone_url, "--forge", "github", "--api-url", forge.api_url),
            *("--token-file", tmp_path / "token", "--no-webhook"),
        )
        wait_for(lambda: forge.state.states("acme/reported", FIRST, "tisktask/push") or None, 20, stack.log_tail)
        wait_for(lambda: stack.api(f"/runs/{run}")["status_problems"] == [] or None, 20, stack.log_tail)
        # As an App: a check.
        private, public = app_keys()
        forge.state.add_app("1234", public, "acme")
        (tmp_path / "app.pem").write_text(private)
        terminal.run("repo", "app", "acme/reported", "--id", "1234", "--key-file", tmp_path / "app.pem")
        run = push(SECOND)
        (check,) = wait_for(lambda: repository.checks, 20, stack.log_tail)
        assert (check.name, check.external_id, check.status) == ("tisktask/push", run, "in_progress")
        assert forge.state.states("acme/reported", SECOND, "tisktask/push") == []
        terminal.run("run", "cancel", run)
        wait_for(lambda: check.conclusion, 20, stack.log_tail)
        assert check.history[-1] == "cancelled"
        # A new name is followed, and stored.
        forge.state.rename("acme/reported", "acme/renamed")
        stack.api(f"/runs/{run}/rerun", "POST", {})
        names = wait_for(
            lambda: [one for one in stack.api("/repositories")["items"] if one["full_name"] == "acme/renamed"],
            20,
            stack.log_tail,
        )
        assert names[0]["clone_url"] == f"{forge.root_url}/acme/renamed.git"
        log = stack.log_path.read_text()
        assert private.splitlines()[1] not in log
        assert not [value for value in forge.state.tokens if value in log]
        for run in stack.api("/runs?repository=acme/renamed")["items"]:
            if run["finished_at"] is None:
                terminal.run("run", "cancel", run["id"])
        terminal.run("repo", "remove", "acme/renamed")
