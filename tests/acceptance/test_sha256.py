"""Repositories in git's SHA-256 format on the whole stack: webhooks, looks, filters, images, workspaces and statuses."""

import json

import pytest

from forge import Flavour
from forge.webhooks import Push, push_delivery
from git_server import link, plain, program
from project import Project
from stack import Stack, job_named, wait_for

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("nothing_left")]

READ = '#!/bin/sh\n# tisktask: paths=src/**\necho "$TISKTASK_SHA $(cat src/linked) $(cat /copied/a)"\n'
FILES = {
    ".tisktask/push/read": program(READ),
    ".tisktask/push/docs": program("#!/bin/sh\n# tisktask: paths=docs/**\n:\n"),
    ".tisktask/push/starts": program("#!/bin/sh -e\ntisktask-cmd EXECJOB lib/child\n"),
    ".tisktask/lib/child": program('#!/bin/sh\necho "a child of ${#TISKTASK_SHA}"\n'),
    ".tisktask/manual/show": program('#!/bin/sh\necho "$TISKTASK_SHA"\n'),
    "src/linked": link("a"),
}


@pytest.fixture
def project(make_project) -> Project:
    return make_project(Flavour.FORGEJO, "sha256")


def test_a_push_to_a_repository_with_longer_ids_runs_as_any_other(project: Project, stack: Stack, busybox: str) -> None:
    build_file = f"FROM {busybox}\nCOPY src /copied\nRUN echo {project.full_name}\n"
    files = FILES | {".tisktask/push/Containerfile": plain(build_file)}
    before = project.commit(files | {"src/a": plain("old")})
    sha = project.git.commit(files | {"src/a": plain("new")}, parent=before)
    assert len(sha) == 64
    state = project.forge.state
    repository = state.repository(project.full_name)
    repository.commits.add(sha)
    push = Push(sha, before=before)
    delivery = push_delivery(state.flavour, repository, push, project.clone_url, project.secret)
    assert delivery.send_now(stack.ingest_url) == 202
    run = stack.wait_for_run(project.full_name, sha)
    told = {job["name"]: job["state"] for job in run["jobs"]}
    assert told == {"read": "succeeded", "docs": "skipped", "starts": "succeeded", "child": "succeeded"}, run
    assert stack.wait_for_log(job_named(run, "read")["id"]).decode() == f"{sha} new new\n"
    assert stack.wait_for_log(job_named(run, "child")["id"]) == b"a child of 64\n"
    wait_for(lambda: project.statuses(sha, "tisktask/push/starts")[-1:] == ["success"], 20, stack.log_tail)


def test_a_person_runs_what_a_branch_with_longer_ids_leads_to(project: Project, stack: Stack) -> None:
    sha = project.commit(FILES)
    project.commit(FILES | {"src/a": plain("newer")}, "refs/heads/other")
    for arguments in (("--ref", "main"), ("--ref", sha), ()):
        printed = stack.cli("trigger", "manual", "--repo", project.full_name, *arguments, "--wait", "--json")
        run = json.loads(printed)
        assert (run["state"], run["sha"], run["title"]) == ("succeeded", sha, "Change")
        assert stack.wait_for_log(job_named(run, "show")["id"]).decode() == f"{sha}\n"
