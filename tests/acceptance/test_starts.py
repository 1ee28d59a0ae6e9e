"""Runs that people and schedules start, on the whole stack: looks, pods, inputs, statuses; what can not start."""

import json
import subprocess
from datetime import UTC, datetime

import psycopg
import pytest

from git_server import program
from project import Project
from stack import Stack, job_named, wait_for
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.postgres import database_url

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("nothing_left")]

SHOW = program(
    "#!/bin/sh\n"
    'echo "$TISKTASK_EVENT/$TISKTASK_ACTION $TISKTASK_BRANCH [$TISKTASK_INPUT_DRY_RUN] [$TISKTASK_INPUT_NOTE]"\n'
    "cat /run/tisktask/event.json\n"
)
PARENT = program("#!/bin/sh -e\ntisktask-cmd EXECJOB lib/child\n")
CHILD = program('#!/bin/sh\necho "child sees $TISKTASK_INPUT_NOTE"\n')
DUE = program('#!/bin/sh\necho "$TISKTASK_SCHEDULE at $TISKTASK_SCHEDULED_AT: $TISKTASK_INPUT_FULL"\n')


def test_a_person_runs_what_a_branch_leads_to_with_inputs_that_all_jobs_see(project: Project, stack: Stack) -> None:
    files = {
        ".tisktask/manual/show": SHOW,
        ".tisktask/manual/deploy/parent": PARENT,
        ".tisktask/manual/other/never": program("#!/bin/sh\nexit 9\n"),
        ".tisktask/lib/child": CHILD,
    }
    project.commit(files, "refs/heads/main")
    sha = project.commit(files | {"more": program("x")}, "refs/heads/release/1")
    note = "two words, a=b, 'q' \"d\" $HOME ä"
    printed = stack.cli(
        *("trigger", "manual", "--repo", project.full_name, "--ref", "release/1", "--action", "deploy"),
        *("--input", "dry-run=", "--input", f"note={note}", "--wait", "--json"),
    )
    run = json.loads(printed)
    assert (run["state"], run["event"], run["action"], run["sha"]) == ("succeeded", "manual", "deploy", sha)
    assert {job["name"] for job in run["jobs"]} == {"show", "deploy/parent", "child"}
    log = stack.wait_for_log(job_named(run, "show")["id"]).decode()
    first, _, event = log.partition("\n")
    assert first == f"manual/deploy release/1 [] [{note}]"
    told = json.loads(event)
    assert (told["inputs"], told["schedule"]) == ({"dry-run": "", "note": note}, None)
    assert (told["change"]["sha"], told["repository"]["full_name"]) == (sha, project.full_name)
    assert stack.wait_for_log(job_named(run, "child")["id"]).decode() == f"child sees {note}\n"
    assert stack.api(f"/runs/{run['id']}")["inputs"] == {"dry-run": "", "note": note}
    wait_for(lambda: project.statuses(sha, "tisktask/manual")[-1:] == ["success"], 20, stack.log_tail)
    again = json.loads(stack.cli("run", "rerun", run["id"], "--json"))["run_id"]
    wait_for(lambda: stack.api(f"/runs/{again}")["state"] == "succeeded", 60, stack.log_tail)
    repeated = job_named(stack.api(f"/runs/{again}"), "show")
    assert stack.wait_for_log(repeated["id"]).decode().startswith(first)


def test_a_schedule_that_was_due_while_we_were_down_runs_once(project: Project, stack: Stack) -> None:
    sha = project.commit({".tisktask/schedule/always": DUE, ".tisktask/schedule/yearly/once": DUE})
    said = stack.cli("schedule", "add", project.full_name, "yearly", "0 6 1 1 *", "--time-zone", "Europe/Berlin",
                     "--input", "full=yes")  # fmt: skip
    this_year = datetime.now(UTC).year
    assert f"next     {this_year + 1}-01-01 05:00 UTC" in said
    # As if nobody had looked since then.
    with psycopg.connect(database_url(Layout.of(stack.data).postgres_sockets), autocommit=True) as connection:
        connection.execute(
            "UPDATE orchestrator.schedules SET next_at = next_at - interval '4 years' WHERE name = 'yearly'"
        )
    run = stack.wait_for_run(project.full_name, sha)
    assert (run["state"], run["event"], run["action"]) == ("succeeded", "schedule", "yearly")
    for name in ("always", "yearly/once"):
        log = stack.wait_for_log(job_named(run, name)["id"]).decode()
        assert log == f"yearly at {this_year}-01-01T05:00:00Z: yes\n"
    shown = json.loads(stack.cli("schedule", "show", project.full_name, "yearly", "--json"))
    assert (shown["last_run_id"], shown["last_run_state"]) == (run["id"], "succeeded")
    assert datetime.fromisoformat(shown["next_at"]) == datetime(this_year + 1, 1, 1, 5, tzinfo=UTC)
    second = json.loads(stack.cli("schedule", "run", project.full_name, "yearly", "--wait", "--json"))
    assert (second["state"], second["number"]) == ("succeeded", 2)
    assert len(stack.runs(project.full_name, sha)) == 2


def test_what_can_not_start_says_why(project: Project, stack: Stack) -> None:
    project.commit({".tisktask/manual/show": SHOW})
    stack.cli("trigger", "manual", "--repo", project.full_name, "--ref", "nowhere", code=1)
    repository = next(one for one in stack.api("/repositories")["items"] if one["full_name"] == project.full_name)
    (start,) = stack.api(f"/repositories/{repository['id']}/starts")["items"]
    assert (start["state"], start["reason"]) == ("failed", "There is no branch or tag nowhere in the repository.")
    assert stack.api(f"/runs?repository={project.full_name}")["items"] == []


def test_a_local_repository_is_run_by_its_name_from_anywhere(stack: Stack, tmp_path) -> None:
    folder = tmp_path / "tools"
    (folder / ".tisktask" / "manual").mkdir(parents=True)
    show = folder / ".tisktask" / "manual" / "show"
    show.write_text('#!/bin/sh\necho "$TISKTASK_BRANCH $TISKTASK_INPUT_A"\n')
    show.chmod(0o755)
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    for arguments in (["init", "-q", "-b", "trunk"], ["add", "-A"], [*identity, "commit", "-q", "-m", "Show"]):
        subprocess.run(["git", "-C", folder, *arguments], check=True)
    stack.cli("repo", "add", folder, "--name", "local/tools")
    run = json.loads(stack.cli("trigger", "manual", "--repo", "local/tools", "--input", "a=1", "--wait", "--json"))
    assert run["state"] == "succeeded"
    assert stack.wait_for_log(job_named(run, "show")["id"]) == b"trunk 1\n"
