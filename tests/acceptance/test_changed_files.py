"""Programs that say paths=... on the whole stack: run, skipped with a final status, and run all the same if asked for."""

import pytest

from forge.webhooks import Push, push_delivery
from git_server import plain, program
from stack import wait_for

pytestmark = pytest.mark.timeout(180)

JOBS = {
    ".tisktask/push/docs": program("#!/bin/sh\n# tisktask: paths=docs/**\necho documented\n"),
    ".tisktask/push/test": program("#!/bin/sh\n# tisktask: paths=**,!docs/**\necho tested\n"),
}


@pytest.mark.usefixtures("nothing_left")
def test_a_job_whose_files_have_not_changed_ends_with_a_final_status(project, stack):
    before = project.commit(JOBS | {"docs/a": plain("1")})
    after = project.git.commit(JOBS | {"docs/a": plain("2")}, parent=before)
    state = project.forge.state
    repository = state.repository(project.full_name)
    repository.commits.add(after)
    push = Push(after, before=before)
    delivery = push_delivery(state.flavour, repository, push, project.clone_url, project.secret)
    assert delivery.send_now(stack.ingest_url) == 202
    run = stack.wait_for_run(project.full_name, after)
    assert run["state"] == "succeeded", run
    jobs = {job["name"]: job for job in run["jobs"]}
    assert {name: job["state"] for name, job in jobs.items()} == {"docs": "succeeded", "test": "skipped"}
    assert "!docs/**" in jobs["test"]["reason"]

    def final() -> bool:
        # Where the forge does not know "skipped", a success says it in words.
        return project.statuses(after, "tisktask/push/test")[-1:] in (["success"], ["skipped"])

    wait_for(final, 20, stack.log_tail)
    made = stack.cli("job", "rerun", jobs["test"]["id"]).split()[1]
    wait_for(lambda: stack.api(f"/runs/{made}")["state"] == "succeeded", 60, stack.log_tail)
    assert {job["name"]: job["state"] for job in stack.api(f"/runs/{made}")["jobs"]} == {
        "docs": "succeeded",
        "test": "succeeded",
    }
