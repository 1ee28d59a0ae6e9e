"""Deliveries that do not tell their commit, on the whole stack: a runner looks it up, and its jobs run at it."""

from dataclasses import replace

import pytest

from forge import Pull, Rights
from forge.webhooks import Delivery
from git_server import plain, program
from stack import wait_for

pytestmark = pytest.mark.timeout(180)

PROGRAM = program('#!/bin/sh\necho "$TISKTASK_EVENT $TISKTASK_ACTION $TISKTASK_SHA $TISKTASK_REF $TISKTASK_COMMAND"\n')
FOLDERS = ("release/published", "issue_comment/deploy", "delete/branch")


@pytest.mark.usefixtures("nothing_left")
def test_a_release_a_command_and_a_deletion_run_at_the_commit_that_a_runner_has_looked_up(project, stack):
    files = {f".tisktask/{folder}/job": PROGRAM for folder in FOLDERS}
    # Each is a commit of its own.
    shas = [
        project.commit(files | {"at": plain(ref)}, ref)
        for ref in ("refs/heads/main", "refs/tags/v1", "refs/pull/5/head")
    ]
    # Who gives the command may write, and the head is not a fork's.
    state = project.forge.state
    state.tokens[project.token] = replace(state.tokens[project.token], rights=Rights.ADMIN)
    state.let(project.full_name, "ada", "write")
    state.repository(project.full_name).pulls.append(Pull(5, shas[2], shas[0]))
    repository = {
        "id": project.forge.state.repository(project.full_name).id,
        "full_name": project.full_name,
        "default_branch": "main",
    }
    issue = {"number": 5, "title": "A bridge", "pull_request": {}}
    payloads = {
        "release": {"action": "published", "release": {"tag_name": "v1", "name": "One"}},
        "issue_comment": {"action": "created", "issue": issue, "comment": {"body": "/deploy now"}, "is_pull": True},
        "delete": {"ref": "old", "ref_type": "branch"},
    }
    for event, payload in payloads.items():
        body = payload | {"repository": repository, "sender": {"login": "ada"}}
        assert Delivery(project.forge.state.flavour, event, body, project.secret).send_now(stack.ingest_url) == 202

    def ended() -> dict[str, dict]:
        runs = {run["event"]: run for run in stack.api(f"/runs?repository={project.full_name}")["items"]}
        return runs if len(runs) == 3 and all(run["finished_at"] for run in runs.values()) else {}

    runs = wait_for(ended, 90, stack.log_tail)
    main, tag, head = shas
    assert len(set(shas)) == 3
    said = {event: stack.wait_for_log(run["jobs"][0]["id"]).decode().strip() for event, run in runs.items()}
    assert said == {
        "release": f"release published {tag} refs/tags/v1",
        "issue_comment": f"issue_comment deploy {head} refs/pull/5/head /deploy now",
        "delete": f"delete branch {main} refs/heads/old",
    }
    wait_for(lambda: project.statuses(tag, "tisktask/release/published")[-1:] == ["success"], 20, stack.log_tail)
