"""A person cancels at an awkward moment: what was begun is given up, nothing is left, nothing is begun any more."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from git_server import plain, program
from runner_kill import kill_runners
from stack import wait_for

pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("nothing_left")]

WAITS = "#!/bin/sh\necho begun\nsleep 300 & wait\n"


def wait_for_state(project, sha: str, name: str, state: str) -> dict[str, Any]:
    """Wait until a job of the commit's run (or its preparation) is in a state; returns it."""

    def look() -> dict[str, Any] | None:
        found = next(iter(project.stack.runs(project.full_name, sha)), None)
        jobs = [*found["jobs"], *([found["preparation"]] if found["preparation"] else [])] if found else []
        return next((job for job in jobs if (job["name"], job["state"]) == (name, state)), None)

    return wait_for(look, 60, project.stack.log_tail)


def cancel_run(project, run_id: str) -> dict[str, Any]:
    assert project.stack.api(f"/runs/{run_id}/cancel", "POST")["accepted"]

    def ended() -> dict[str, Any] | None:
        run = project.stack.api(f"/runs/{run_id}")
        return run if run["finished_at"] else None

    run = wait_for(ended, 60, project.stack.log_tail)
    assert run["state"] == "cancelled"
    return run


def test_a_program_that_is_asked_to_end_may_clean_up(project, stack):
    script = "#!/bin/sh\ntrap 'sleep 1; echo cleaned up; exit 3' TERM\necho begun\nsleep 300 & wait\n"
    sha = project.push({".tisktask/push/tidy": program(script)})
    job = wait_for_state(project, sha, "tidy", "running")
    stack.cli("job", "cancel", job["id"])
    run = stack.wait_for_run(project.full_name, sha)
    assert stack.wait_for_log(job["id"]).endswith(b"cleaned up\n")
    (ended,) = run["jobs"]
    assert (ended["state"], ended["exit_code"]) == ("cancelled", 3)
    assert "cancelled by admin" in ended["reason"].lower()


def test_a_program_that_ignores_it_is_killed_after_the_grace(project, stack):
    script = "#!/bin/sh\ntrap '' TERM\necho begun\nwhile :; do sleep 0.1; done\n"
    sha = project.push({".tisktask/push/stubborn": program(script)})
    job = wait_for_state(project, sha, "stubborn", "running")
    run = cancel_run(project, job["run_id"])
    assert run["jobs"][0]["exit_code"] == 137


def test_a_job_that_waits_for_a_runner_never_begins(project, stack):
    sha = project.push({".tisktask/push/queued": program("#!/bin/sh\n# tisktask: labels=nobody-has-it\n")})
    job = wait_for_state(project, sha, "queued", "queued")
    run = cancel_run(project, job["run_id"])
    assert (run["jobs"][0]["state"], stack.api(f"/jobs/{job['id']}")["attempts"]) == ("cancelled", [])


def test_an_image_that_is_being_built_is_given_up(project, stack, busybox):
    build = plain(f"FROM {busybox}\nRUN echo building; sleep 300\n")
    sha = project.push({".tisktask/push/Containerfile": build, ".tisktask/push/job": program(WAITS)})
    preparation = wait_for_state(project, sha, "prepare", "running")
    wait_for(lambda: b"building" in stack.raw(f"/jobs/{preparation['id']}/log"), 60, stack.log_tail)
    run = cancel_run(project, preparation["run_id"])
    assert (run["jobs"], run["preparation"]["state"]) == ([], "cancelled")


def test_a_job_that_is_starting_is_given_up_and_its_parent_goes_on(project, stack, busybox):
    """Its image is not made in advance: the job builds it while it starts."""
    parent = "#!/bin/sh\ntisktask-cmd EXECJOB NAME child BUILDFILE slow.Dockerfile SHELL true\necho went on\n"
    build = plain(f"FROM {busybox}\nRUN echo building; sleep 300\n")
    sha = project.push({".tisktask/push/parent": program(parent), ".tisktask/slow.Dockerfile": build})
    child = wait_for_state(project, sha, "child", "starting")
    stack.api(f"/jobs/{child['id']}/cancel", "POST")
    run = stack.wait_for_run(project.full_name, sha)
    assert {job["name"]: job["state"] for job in run["jobs"]} == {"parent": "succeeded", "child": "cancelled"}
    said = stack.wait_for_log(next(job["id"] for job in run["jobs"] if job["name"] == "parent")).decode()
    assert "CANCELLED job child ended as cancelled" in said
    assert "went on\n" in said


@pytest.fixture
def silent_forge() -> Iterator[str]:
    """The address of a git server that takes connections and never says a word."""
    server = socket.create_server(("127.0.0.1", 0))
    taken: list[socket.socket] = []

    def take() -> None:
        while True:
            try:
                taken.append(server.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/silent.git"
    server.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in [server, *taken]:
        connection.close()


def test_a_fetch_that_gets_no_answer_is_given_up(project, stack, silent_forge):
    sha = project.commit({".tisktask/push/job": program(WAITS)})
    repository = next(one for one in stack.api("/repositories")["items"] if one["full_name"] == project.full_name)
    stack.api(
        "/repositories",
        "POST",
        {key: repository[key] for key in ("forge", "full_name", "api_url")} | {"clone_url": silent_forge},
    )
    assert project.delivery(sha).send_now(stack.ingest_url) == 202
    preparation = wait_for_state(project, sha, "prepare", "running")
    run = cancel_run(project, preparation["run_id"])
    assert run["preparation"]["state"] == "cancelled"


def test_an_order_that_comes_while_the_runners_are_restarted_is_carried_out(project, stack):
    sha = project.push({".tisktask/push/long": program(WAITS)})
    job = wait_for_state(project, sha, "long", "running")
    kill_runners(stack)
    run = cancel_run(project, job["run_id"])
    assert (run["jobs"][0]["state"], run["jobs"][0]["attempt"]) == ("cancelled", 1)
    assert stack.wait_for_log(job["id"]) == b"begun\n"
