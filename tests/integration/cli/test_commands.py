"""The commands against a real stack: what they print, their exit codes, what they do to the server."""

import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_terminal import Terminal
from stack import COMMAND, wait_for


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one job."""
    folder = tmp_path / f"repo-{os.urandom(3).hex()}"
    (folder / ".tisktask" / "push").mkdir(parents=True)
    program = folder / ".tisktask" / "push" / "build"
    program.write_text("#!/bin/sh\necho built\n")
    program.chmod(0o755)
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], [*identity, "commit", "-q", "-m", "Build it"]):
        subprocess.run(["git", "-C", folder, *arguments], check=True)
    return folder


def test_a_trigger_becomes_a_run_that_can_be_listed_shown_and_cancelled(terminal: Terminal, repository: Path) -> None:
    made = terminal.json("trigger", "push", "--path", repository)
    assert (made["event"], made["ref"], made["title"]) == ("push", "refs/heads/main", "Build it")
    assert made["repository"] == f"local/{repository.name}"
    listed = terminal.json("run", "list", "--repository", made["repository"])
    assert [run["id"] for run in listed["items"]] == [made["id"]]
    assert made["id"] in terminal.run("run", "list").stdout
    assert terminal.run("run", "show", made["id"]).stdout.startswith(f"local/{repository.name} #1")
    assert terminal.run("run", "cancel", made["id"]).stdout == "done\n"
    wait_for(lambda: terminal.stack.api(f"/runs/{made['id']}")["state"] == "cancelled", 20, terminal.stack.log_tail)
    shown = terminal.json("run", "show", made["id"], code=1)
    preparation = shown["preparation"]["id"]
    assert terminal.json("job", "show", preparation, code=1)["state"] == "cancelled"
    assert terminal.run("logs", preparation).stdout == ""
    assert terminal.run("logs", "-f", preparation).stdout == ""


def test_waiting_for_a_run_that_does_not_succeed_exits_with_1(terminal: Terminal, repository: Path) -> None:
    command = [COMMAND, "trigger", "push", "--wait", "--path", repository]
    environment = terminal.environment | {"TISKTASK_DATA_DIR": str(terminal.stack.data)}
    waiting = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    runs = wait_for(lambda: terminal.stack.api(f"/runs?repository=local/{repository.name}")["items"], 20, str)
    terminal.run("run", "cancel", runs[0]["id"])
    output, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 1
    assert "cancelled" in output
    assert f"/runs/{runs[0]['id']}" in output


def test_a_run_that_has_ended_is_run_again_as_a_new_run(terminal: Terminal, repository: Path) -> None:
    made = terminal.json("trigger", "push", "--path", repository)
    assert "has not ended" in terminal.run("run", "rerun", made["id"], code=1).stderr
    terminal.run("run", "cancel", made["id"])
    wait_for(lambda: terminal.stack.api(f"/runs/{made['id']}")["state"] == "cancelled", 20, terminal.stack.log_tail)
    again = terminal.json("run", "rerun", made["id"], "--failed")
    assert (again["number"], again["is_new"]) == (2, True)
    assert f"re-run of #1 ({made['id']})" in terminal.run("run", "show", again["run_id"]).stdout
    assert f"re-run as #2 ({again['run_id']})" in terminal.run("run", "show", made["id"], code=1).stdout
    by_job = terminal.run("job", "rerun", made["preparation"]["id"]).stdout.split()
    assert by_job[2] == "(#3)"
    for run in (again["run_id"], by_job[1]):
        terminal.run("run", "cancel", run)
    assert "no job job_nope" in terminal.run("job", "rerun", "job_nope", code=2).stderr


def test_a_kept_delivery_is_taken_once_more_by_its_run_or_its_own_name(terminal: Terminal, repository: Path) -> None:
    made = terminal.json("trigger", "push", "--path", repository)
    again = terminal.json("trigger", "replay", made["id"])
    assert (again["number"], again["sha"], again["repository"]) == (2, made["sha"], made["repository"])
    assert again["delivery"].startswith("replay:")
    third = terminal.run("trigger", "replay", made["delivery"]).stdout
    assert "#3" in third
    assert "no run, trigger or delivery nonsense" in terminal.run("trigger", "replay", "nonsense", code=2).stderr
    assert "replay needs" in terminal.run("trigger", "replay", code=2).stderr
    assert "replay needs" in terminal.run("trigger", "push", made["id"], code=2).stderr
    for run in terminal.stack.api(f"/runs?repository=local/{repository.name}")["items"]:
        terminal.run("run", "cancel", run["id"])


def test_a_second_trigger_is_a_second_run_of_the_same_repository(terminal: Terminal, repository: Path) -> None:
    first, second = (terminal.json("trigger", "push", "--path", repository) for _ in range(2))
    assert (first["number"], second["number"]) == (1, 2)
    assert first["repository_id"] == second["repository_id"]


def test_two_folders_of_one_name_are_two_repositories(terminal: Terminal, repository: Path) -> None:
    twin = repository.parent / "elsewhere" / repository.name
    twin.parent.mkdir()
    subprocess.run(["git", "clone", "-q", repository, twin], check=True)
    first, second = (terminal.json("trigger", "push", "--path", path) for path in (repository, twin))
    assert second["repository"].startswith(first["repository"] + "-")


def test_a_repository_is_added_with_a_secret_that_is_shown_once(terminal: Terminal) -> None:
    added = terminal.json("repo", "add", "https://github.com/acme/gadget.git")
    assert (added["forge"], added["full_name"], added["has_webhook_secret"]) == ("github", "acme/gadget", True)
    assert added["webhook_url"] == f"{terminal.stack.ingest_url}/api/triggers/github"
    assert len(added["webhook_secret"]) >= 32
    again = terminal.json("repo", "add", "https://github.com/acme/gadget.git")
    assert again["id"] == added["id"]
    assert "webhook_secret" not in again
    assert terminal.json("repo", "remove", "acme/gadget")["accepted"]
    terminal.run("repo", "remove", "acme/gadget", code=2)


def test_settings_of_a_repository_are_changed_and_shown(terminal: Terminal) -> None:
    terminal.run("repo", "add", "https://github.com/acme/settled.git")
    before = terminal.json("repo", "show", "acme/settled")
    settings = ("supersede_pull_requests", "supersede_branches", "jobs_max", "priority")
    assert [before[name] for name in settings] == [True, False, None, 0]
    given = ("--supersede-pull-requests", "off", "--supersede-branches", "on", "--jobs-max", "3", "--priority", "-4")
    changed = terminal.json("repo", "set", "acme/settled", *given)
    assert [changed[name] for name in settings] == [False, True, 3, -4]
    (listed,) = (i for i in terminal.json("repo", "list")["items"] if i["full_name"] == "acme/settled")
    assert listed == changed
    shown = terminal.run("repo", "set", before["id"], "--jobs-max", "none").stdout
    assert "superseding   branches\n" in shown and "no limit" in shown and "-4" in shown
    terminal.run("repo", "remove", "acme/settled")


def test_what_becomes_of_runs_of_strangers_is_set_and_shown(terminal: Terminal) -> None:
    terminal.run("repo", "add", "https://github.com/acme/open.git")
    assert terminal.json("repo", "show", "acme/open")["forks"] == "ask"
    assert terminal.json("repo", "set", "acme/open", "--forks", "first_timers")["forks"] == "first_timers"
    shown = terminal.run("repo", "set", "acme/open", "--priority", "1").stdout
    assert "forks         ask for newcomers, and when .tisktask/ is changed\n" in shown
    assert "'always' is not one of" in terminal.run("repo", "set", "acme/open", "--forks", "always", code=2).stderr
    terminal.run("repo", "remove", "acme/open")


def test_what_does_not_wait_is_neither_approved_nor_declined(terminal: Terminal, repository: Path) -> None:
    run = terminal.json("trigger", "push", "--path", repository)["id"]
    for verb in ("approve", "decline"):
        assert "not done: " in terminal.run("run", verb, run, code=1).stdout
        assert terminal.json("run", verb, run, code=1)["accepted"] is False
        assert "there is no run run_none" in terminal.run("run", verb, "run_none", code=2).stderr.lower()
    assert terminal.json("run", "list", "--state", "awaiting_approval")["items"] == []
    terminal.run("run", "cancel", run)


def test_the_doctor_of_repositories_looks_at_local_ones_if_they_are_meant(terminal: Terminal, repository: Path) -> None:
    added = terminal.json("repo", "add", repository)
    items = terminal.json("repo", "doctor", "--forge", "local")["items"]
    assert added["full_name"] in {item["full_name"] for item in items if item["checkup"]["is_well"]}


def test_how_long_runs_are_kept_is_set_and_taken_back(terminal: Terminal) -> None:
    terminal.run("repo", "add", "https://github.com/acme/kept.git")
    rules = ("keep_days", "keep_min", "keep_max")
    assert [terminal.json("repo", "show", "acme/kept")[name] for name in rules] == [None, None, None]
    given = ("--keep-days", "30", "--keep-min", "5", "--keep-max", "100")
    changed = terminal.json("repo", "set", "acme/kept", *given)
    assert [changed[name] for name in rules] == [30, 5, 100]
    shown = terminal.run("repo", "set", "acme/kept", "--keep-days", "forever", "--keep-max", "none").stdout
    assert "runs kept     for ever, at least 5, no limit\n" in shown
    changed = terminal.json("repo", "set", "acme/kept", *(f"--{name.replace('_', '-')}=default" for name in rules))
    assert [changed[name] for name in rules] == [None, None, None]
    assert "none of N|forever|default" in terminal.run("repo", "set", "acme/kept", "--keep-days", "-1", code=2).stderr
    terminal.run("repo", "remove", "acme/kept")


def test_a_run_that_has_ended_is_deleted_and_one_at_work_is_not(terminal: Terminal, repository: Path) -> None:
    run = terminal.json("trigger", "push", "--path", repository)["id"]
    refused = terminal.run("run", "delete", run, code=1).stderr
    assert "run #1 can not be deleted: it has not ended (preparing). Cancel it first" in refused
    terminal.run("run", "cancel", run)
    wait_for(lambda: terminal.stack.api(f"/runs/{run}")["state"] == "cancelled", 20, terminal.stack.log_tail)
    assert terminal.run("run", "delete", run).stdout == "done\n"
    assert f"There is no run {run}." in terminal.run("run", "show", run, code=2).stderr
    assert f"There is no run {run}." in terminal.run("run", "delete", run, code=2).stderr
    # The next run has the next number, and the same delivery would make none.
    again = terminal.json("trigger", "push", "--path", repository)
    assert again["number"] == 2
    terminal.run("run", "cancel", again["id"])


def test_a_token_comes_from_a_file_and_is_in_no_output(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret-token\n")
    (tmp_path / "secret").write_text("s3cret-webhook\n")
    done = terminal.run(
        *("repo", "add", "http://git.lan/acme/tokened", "--forge", "forgejo"),
        *("--token-file", tmp_path / "token", "--webhook-secret-file", tmp_path / "secret"),
        # There is no such forge: it is added, and not set up.
        code=1,
    )
    assert "Run the command again" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr
    assert "/api/triggers/forgejo" in done.stdout
    (found,) = (i for i in terminal.json("repo", "list")["items"] if i["full_name"] == "acme/tokened")
    assert (found["has_token"], found["api_url"]) == (True, "http://git.lan/api/v1")
    assert "s3cret" not in terminal.stack.log_path.read_text()


def test_another_machines_server_is_reached_by_address_and_token(terminal: Terminal) -> None:
    stack = terminal.stack
    elsewhere = {"TISKTASK_URL": stack.url, "TISKTASK_TOKEN": stack.token, "TISKTASK_DATA_DIR": "/nowhere"}
    terminal.run("repo", "list", **elsewhere)
    refused = terminal.run("repo", "list", code=2, **(elsewhere | {"TISKTASK_TOKEN": "wrong"}))
    assert "TISKTASK_TOKEN" in refused.stderr
    assert "TISKTASK_TOKEN" in terminal.run("repo", "list", code=2, TISKTASK_URL=stack.url).stderr


def test_doctor_finds_the_stack_well_but_for_its_runners(terminal: Terminal) -> None:
    report = terminal.json("doctor", code=1)
    found = {finding["check"]: finding for finding in report["findings"]}
    for check in ("nats", "postgres", "ingest", "orchestrator", "reporter", "logstream", "retention", "disk"):
        assert found[check]["level"] == "ok", found[check]
    assert found["runners"]["level"] == "problem"
    assert all(finding["remedy"] for finding in report["findings"] if finding["level"] != "ok")


def test_the_databases_migrations_are_shown_as_applied(terminal: Terminal) -> None:
    items = terminal.json("db", "status")["items"]
    assert {item["schema"] for item in items} == {"orchestrator", "reporter", "logstream"}
    assert all(item["applied"] for item in items)
    assert terminal.json("db", "migrate") == {"applied": []}


def test_a_database_that_is_named_is_migrated_and_reset(terminal: Terminal, empty_database_url: str) -> None:
    named = {"TISKTASK_DATABASE_URL": empty_database_url}
    assert "missing" in terminal.run("db", "status", code=1, **named).stdout
    assert "applied orchestrator/" in terminal.run("db", "migrate", **named).stdout
    terminal.run("db", "status", **named)
    assert json.loads(terminal.run("db", "reset", "--yes", "--json", **named).stdout) == {"is_empty": True}
    terminal.run("db", "status", **named)
    assert "--yes" in terminal.run("db", "reset", code=2, **named).stderr


def test_an_integrator_is_let_in_and_told_how(terminal: Terminal) -> None:
    added = terminal.json("bus", "user", "add", "acme")
    assert Path(added["seed_file"]).stat().st_mode & 0o777 == 0o600
    assert added["consumer"] == "acme"
    assert "acme" in terminal.run("bus", "user", "add", "acme").stdout  # again: the same
    assert terminal.json("bus", "provision")["is_set_up"]


@pytest.fixture
def breaking_server() -> Iterator[tuple[str, list[str]]]:
    """A server whose log stream breaks off after each line, and which is away once: as one that is restarted."""
    asked: list[str] = []
    numbers = iter([1, None, 2, 3])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            number = next(numbers, 0)
            self.send_response(503 if number is None else 200)
            self.end_headers()
            if number:
                lines = [{"n": number, "t": 0, "s": "stdout", "text": f"line {number}", "partial": False}]
                self.wfile.write(f"event: line\ndata: {json.dumps({'lines': lines})}\n\n".encode())
            elif number == 0:
                self.wfile.write(b": still here\n\nevent: end\ndata: {}\n\n")

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_followed_log_goes_on_after_the_server_was_away(
    environment: dict[str, str], breaking_server: tuple[str, list[str]]
) -> None:
    url, asked = breaking_server
    done = subprocess.run(
        [COMMAND, "logs", "-f", "job_1"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=environment | {"TISKTASK_URL": url, "TISKTASK_TOKEN": "x"},
    )
    assert (done.returncode, done.stdout) == (0, "line 1\nline 2\nline 3\n"), done.stderr
    assert [path.rpartition("=")[2] for path in asked] == ["1", "2", "2", "3", "4"]
