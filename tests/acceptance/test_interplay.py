"""Several deliveries about one commit, and deliveries in another order than things happened, on the whole stack."""

import pytest

from contributions import OWN, WRITER, Contributions
from forge.webhooks import Push, push_delivery
from git_server import plain, program
from stack import wait_for

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("nothing_left")]

FEATURE = "refs/heads/feature"
BOTH = {".tisktask/push/build": OWN, ".tisktask/pull_request/check": OWN}
SLOW = program("#!/bin/sh\nsleep 3\n")


def ended(stack, project, sha, count):
    def look():
        runs = stack.runs(project.full_name, sha)
        return runs if len(runs) == count and all(run["finished_at"] for run in runs) else None

    return wait_for(look, 90, lambda: f"{stack.runs(project.full_name, sha)}\n{stack.log_tail()}")


@pytest.mark.parametrize("is_push_first", [True, False])
def test_a_push_and_its_pull_request_run_side_by_side_and_report_apart(project, stack, is_push_first):
    """Whichever comes first: both run, neither supersedes the other, and neither's status covers the other's."""
    stack.cli("repo", "set", project.full_name, "--supersede-branches", "on")
    contributions = Contributions.begin(project)
    sha = project.commit({**BOTH, ".tisktask/push/fails": program("#!/bin/sh\nexit 1\n")}, FEATURE, contributions.base)
    pushed = project.delivery(sha, FEATURE)
    if is_push_first:
        assert pushed.send_now(stack.ingest_url) == 202
    contributions.open_at(sha, WRITER)
    if not is_push_first:
        assert pushed.send_now(stack.ingest_url) == 202
    runs = ended(stack, project, sha, 2)
    assert {run["event"]: run["state"] for run in runs} == {"push": "failed", "pull_request": "succeeded"}
    wanted = {
        "tisktask/push": "failure",
        "tisktask/push/build": "success",
        "tisktask/push/fails": "failure",
        "tisktask/pull_request": "success",
        "tisktask/pull_request/check": "success",
    }

    def shown():
        return {context: one.state for context, one in project.forge.state.shown(project.full_name, sha).items()}

    wait_for(lambda: shown() == wanted, 20, lambda: f"{shown()}\n{stack.log_tail()}")


def test_two_quick_pushes_with_one_head_make_one_run_of_it(project, stack):
    """Both webhooks tell the second head: the model, as Forgejo does, shows a pull request as it is when it is told."""
    contributions = Contributions.begin(project)
    pull = contributions.open({".tisktask/pull_request/check": OWN}, WRITER, kind="own")
    contributions.wait_for_state(pull.sha, "succeeded")
    head = contributions.push(pull, {".tisktask/pull_request/check": SLOW, "more": plain("more\n")})
    contributions.tell(pull, "synchronize")
    contributions.wait_for_state(head, "succeeded")
    later = project.run({".tisktask/push/build": OWN})
    assert later["state"] == "succeeded"
    assert [run["action"] for run in stack.runs(project.full_name, head)] == ["synchronize"]
    wait_for(lambda: project.statuses(head, "tisktask/pull_request")[-1:] == ["success"], 20, stack.log_tail)


def test_a_push_that_comes_after_its_successor_harms_nothing(project, stack):
    stack.cli("repo", "set", project.full_name, "--supersede-branches", "on")
    older = project.commit({".tisktask/push/build": SLOW})
    newer = project.commit({".tisktask/push/build": SLOW, "more": plain("more\n")}, parent=older)
    repository = project.forge.state.repository(project.full_name)
    for push in (Push(newer, before=older), Push(older)):
        delivery = push_delivery(project.forge.state.flavour, repository, push, project.clone_url, project.secret)
        assert delivery.send_now(stack.ingest_url) == 202
    for sha in (newer, older):
        assert [run["state"] for run in ended(stack, project, sha, 1)] == ["succeeded"]
        wait_for(lambda s=sha: project.statuses(s, "tisktask/push")[-1:] == ["success"], 20, stack.log_tail)
