"""What came while nothing of us ran is found and run once; webhooks that come late for it make no second run."""

from collections.abc import Iterator
from typing import Any

import pytest

from forge import Pull
from forge.webhooks import Delivery
from git_server import program
from project import Project
from stack import Stack, wait_for

pytestmark = pytest.mark.timeout(300)

BUILD = program("#!/bin/sh\necho built\n")
QUICKLY = {"TISKTASK_RECONCILE_SECONDS": "3", "TISKTASK_RECONCILE_GRACE_SECONDS": "1"}


@pytest.fixture
def restarted_as_it_was(stack: Stack) -> Iterator[None]:
    environment = dict(stack.environment)
    yield
    stack.environment = environment
    stack.stop()
    stack.start()


@pytest.fixture
def alone(project: Project, stack: Stack) -> Project:
    """What other tests have left in their repositories is nobody's business here."""
    for item in stack.api("/repositories")["items"]:
        if item["full_name"] != project.full_name:
            stack.api(f"/repositories/{item['id']}", "PATCH", {"reconcile": False})
    return project


def pull_request_delivery(project: Project, pull: Pull) -> Delivery:
    repository = {"id": project.forge.state.repository(project.full_name).id, "full_name": project.full_name}
    payload: dict[str, Any] = {
        "action": "opened",
        "number": pull.number,
        "pull_request": {
            "title": pull.title,
            "head": {"sha": pull.sha, "ref": pull.head_ref, "repo": repository},
            "base": {"sha": pull.base_sha, "ref": pull.base_ref, "repo": repository},
        },
        "repository": repository,
        "sender": {"login": pull.author},
    }
    return Delivery(project.forge.state.flavour, "pull_request", payload, project.secret)


@pytest.mark.usefixtures("nothing_left", "restarted_as_it_was")
def test_what_came_while_everything_was_down_runs_once(alone: Project, stack: Stack) -> None:
    project, pulls = alone, f"/repos/{alone.full_name}/pulls"
    wait_for(lambda: any(one.path.endswith(pulls) for one in project.forge.exchanges), 60, stack.log_tail)
    before = project.run({".tisktask/push/build": BUILD})
    (repository,) = [one for one in stack.api("/repositories")["items"] if one["full_name"] == project.full_name]
    assert repository["reconcile"]
    assert (repository["looked_at"] is not None, repository["look_problems"]) == (True, [])

    assert stack.stop() == 0
    pushed = project.commit({".tisktask/push/build": BUILD, "a": program("1")})
    tagged = project.commit({".tisktask/tag/release": BUILD}, "refs/tags/v1")
    opened = project.commit({".tisktask/pull_request/check": BUILD}, "refs/pull/1/head")
    pull = Pull(1, opened, before["sha"])
    project.forge.state.repository(project.full_name).pulls.append(pull)
    stack.environment |= QUICKLY
    stack.start()

    shas = {"push": pushed, "tag": tagged, "pull_request": opened}
    for event, sha in shas.items():
        run = stack.wait_for_run(project.full_name, sha, 90)
        assert (run["event"], run["state"]) == (event, "succeeded"), run
        assert run["delivery"].startswith("reconcile:")

    late = [project.delivery(pushed), project.delivery(tagged, "refs/tags/v1"), pull_request_delivery(project, pull)]
    assert [delivery.send_now(stack.ingest_url) for delivery in late] == [202] * 3
    # What comes after them is handled after them.
    assert project.run({".tisktask/push/build": BUILD, "a": program("2")})["state"] == "succeeded"
    counts = {event: len(stack.runs(project.full_name, sha)) for event, sha in shas.items()}
    assert counts == dict.fromkeys(shas, 1)
