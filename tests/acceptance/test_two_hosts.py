"""Two hosts, one of them cut off from the bus for longer than its lease: it is fenced, and the other goes on."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos.evidence import connect
from forge import BackgroundForge, Flavour
from git_server import program, serve_git
from project import Project
from second_host import NAME, SecondHost, second_host
from stack import Stack, job_named, wait_for
from stack_fixtures import left_over, remove_storage
from tisktask_cli.bus_access import embedded_nats
from tisktask_runner.host.storage import Storage

pytestmark = pytest.mark.timeout(240)

KEEPS = """#!/bin/sh
n=0; while :; do echo tick $n; n=$((n + 1)); sleep 0.2; done
"""
#: Ends when the test says so.
ENDS = """#!/bin/sh
echo begun
until [ -e go ]; do sleep 0.05; done
echo ended
"""
#: Its first attempt wants to change the run when its host is cut off already.
MOVES = """#!/bin/sh
# tisktask: retries=1 on=lost
echo attempt $TISKTASK_ATTEMPT
if [ $TISKTASK_ATTEMPT = 1 ]; then
  until [ -e cut ]; do sleep 0.05; done
  tisktask-cmd SET owner 1 &
  tisktask-cmd SPAWNJOB others/intruder &
  while :; do echo late; sleep 0.2; done
fi
tisktask-cmd SET owner 2 > /dev/null
until [ -e go ]; do sleep 0.05; done
tisktask-cmd GET owner
"""
STORY = {
    ".tisktask/push/keeps": program(KEEPS),
    ".tisktask/push/ends-early": program(ENDS),
    ".tisktask/push/ends-late": program(ENDS),
    ".tisktask/push/moves": program(MOVES),
    ".tisktask/others/intruder": program("#!/bin/sh\n"),
}
NAMES = {"keeps", "ends-early", "ends-late", "moves"}
GIVEN_UP = b"[tisktask] This attempt was given up: the runner was not heard for too long. The job goes on without it.\n"


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    folder = Path(tempfile.mkdtemp(prefix="tt-a-", dir="/var/tmp"))
    storage = Storage(folder / "data" / "runner", folder / "storage", folder / "run")
    yield storage
    remove_storage(storage)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def stack(storage: Storage) -> Iterator[Stack]:
    """Host A with everything else; nothing of either host may be left at the end."""
    environment = {
        "TISKTASK_PODMAN_ROOT": str(storage.root),
        "TISKTASK_PODMAN_RUNROOT": str(storage.runroot),
        "TISKTASK_SLOTS": "4",
        "TISKTASK_RETRY_PAUSE_SECONDS": "0.2",
    }
    stack = Stack(storage.state.parent, environment)
    try:
        stack.start()
        yield stack
        assert stack.stop() == 0
        assert left_over(storage) == {}
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def host_b(stack: Stack) -> Iterator[SecondHost]:
    with second_host(stack) as host:
        yield host


@pytest.fixture
def project(stack: Stack, tmp_path: Path) -> Iterator[Project]:
    folder = tmp_path / "git"
    folder.mkdir()
    with serve_git(folder, {"nobody-knows"}) as git, BackgroundForge(Flavour.FORGEJO) as forge:
        yield Project.create(stack, forge, git, tmp_path)


@pytest.fixture
def host_a(stack: Stack) -> Iterator[str]:
    """Host A takes nothing until it is resumed."""
    name = embedded_nats(stack.data).runner
    stack.cli("runner", "pause", name)
    wait_for(lambda: _runner(stack, name)["is_drained"], 20, stack.log_tail)
    yield name
    if _runner(stack, name)["is_paused"]:
        stack.cli("runner", "resume", name)


def test_what_ran_on_a_host_that_was_cut_off_is_given_up_or_moves_and_changes_nothing_any_more(
    stack: Stack, host_a: str, host_b: SecondHost, project: Project
) -> None:
    sha = project.push(STORY)
    jobs = _wait_for_jobs(stack, project, sha, lambda job: job["state"] == "running", host_b)
    assert {job["runner"] for job in jobs.values()} == {NAME}
    for job in jobs.values():
        wait_for(lambda job=job: stack.raw(f"/jobs/{job['id']}/log"), 20, host_b.log_tail)
    host_b.proxy.cut()
    assert host_b.proxy.is_cut.wait(10)
    stack.cli("runner", "resume", host_a)
    moves = jobs["moves"]["id"]
    (host_b.attempt(moves) / "workspace" / "cut").touch()
    _end(host_b, jobs["ends-early"]["id"])
    jobs = _wait_for_jobs(stack, project, sha, _has_left_b, host_b)
    print(f"\nlost after silence of {_silences(stack, NAME)} s")
    _end(host_b, jobs["ends-late"]["id"])
    wait_for(lambda: stack.raw(f"/jobs/{moves}/log") == b"attempt 2\n", 20, host_b.log_tail)
    before = _lives(stack, project, sha)

    host_b.proxy.heal()
    wait_for(lambda: not list((host_b.storage.state / "jobs").iterdir()), 60, host_b.log_tail)
    wait_for(lambda: not left_over(host_b.storage, NAME), 60, host_b.log_tail)
    assert _lives(stack, project, sha) == before
    (stack.data / "runner" / "jobs" / f"{moves}.2" / "workspace" / "go").touch()
    run = stack.wait_for_run(project.full_name, sha)
    _check_run(stack, project, run, host_a)

    _takes_work_again(stack, project, host_a)


def _check_run(stack: Stack, project: Project, run: dict[str, Any], host_a: str) -> None:
    assert run["state"] == "errored"
    # No intruder.
    assert {job["name"] for job in run["jobs"]} == NAMES
    for name in ("keeps", "ends-early", "ends-late"):
        job = job_named(run, name)
        assert (job["state"], job["attempt"], job["exit_code"]) == ("errored", 1, None)
        assert "went silent while the program ran" in job["reason"]
        wait_for(lambda n=name: project.statuses(run["sha"], f"tisktask/push/{n}")[-1] == "error", 20, stack.log_tail)
    for name in ("ends-early", "ends-late"):
        # All that it wrote came late, and is kept; an end that nobody wanted is not told of.
        log = stack.wait_for_log(job_named(run, name)["id"])
        assert log == b"begun\nended\n"
    moved = job_named(run, "moves")
    assert (moved["state"], moved["attempt"], moved["runner"]) == ("succeeded", 2, host_a)
    assert stack.wait_for_log(moved["id"]) == b"attempt 2\n2\n"
    old = stack.raw(f"/jobs/{moved['id']}/log?attempt=1")
    assert old.startswith(b"attempt 1\n")
    assert old.endswith(GIVEN_UP)
    assert project.statuses(run["sha"], "tisktask/push/moves")[-1] == "success"


def _takes_work_again(stack: Stack, project: Project, host_a: str) -> None:
    stack.cli("runner", "pause", host_a)
    wait_for(lambda: _runner(stack, host_a)["is_drained"], 20, stack.log_tail)
    later = project.run({".tisktask/push/later": program("#!/bin/sh\necho later\n")})
    assert (later["state"], job_named(later, "later")["runner"]) == ("succeeded", NAME)


def test_what_was_claimed_and_had_not_begun_on_a_host_that_was_cut_off_runs_once_on_another(
    stack: Stack, host_a: str, host_b: SecondHost, project: Project
) -> None:
    # After the preparation's end: the word that the program is about to begin does not come through.
    host_b.proxy.cut_before(b"rpc.ended.", b"rpc.began.")
    sha = project.push({".tisktask/push/once": program("#!/bin/sh\necho once in attempt $TISKTASK_ATTEMPT\n")})
    assert host_b.proxy.is_cut.wait(60)
    stack.cli("runner", "resume", host_a)
    run = stack.wait_for_run(project.full_name, sha)
    job = job_named(run, "once")
    assert (run["state"], job["attempt"], job["runner"]) == ("succeeded", 2, host_a)
    before = _lives(stack, project, sha)
    host_b.proxy.heal()
    wait_for(lambda: not list((host_b.storage.state / "jobs").iterdir()), 60, host_b.log_tail)
    assert _lives(stack, project, sha) == before
    assert stack.wait_for_log(job["id"]) == b"once in attempt 2\n"
    assert stack.raw(f"/jobs/{job['id']}/log?attempt=1") == GIVEN_UP
    _takes_work_again(stack, project, host_a)


def _runner(stack: Stack, name: str) -> dict[str, Any]:
    return next(one for one in stack.api("/runners")["items"] if one["runner"] == name)


def _wait_for_jobs(
    stack: Stack, project: Project, sha: str, is_so: Any, host_b: SecondHost
) -> dict[str, dict[str, Any]]:
    def look() -> dict[str, dict[str, Any]] | None:
        run = next(iter(stack.runs(project.full_name, sha)), None)
        jobs = {job["name"]: job for job in run["jobs"]} if run else {}
        return jobs if jobs.keys() == NAMES and all(map(is_so, jobs.values())) else None

    return wait_for(look, 60, host_b.log_tail)


def _has_left_b(job: dict[str, Any]) -> bool:
    if job["name"] == "moves":
        return job["attempt"] == 2 and job["state"] == "running"
    return job["state"] == "errored"


def _end(host: SecondHost, job: str) -> None:
    """Let a program end, and wait until its runner knows and has it to report."""
    directory = host.attempt(job)
    (directory / "workspace" / "go").touch()
    wait_for(lambda: (directory / "phase").read_text() == "ended", 20, host.log_tail)
    assert (directory / "outbox" / "2-ended.json").exists()


def _lives(stack: Stack, project: Project, sha: str) -> list[tuple[Any, ...]]:
    """All moves of all jobs of the commit's run, and their attempts' ends."""
    run = stack.runs(project.full_name, sha)[0]["id"]
    with connect(stack) as connection:
        moves = "SELECT job_id, attempt, from_state, to_state, reason FROM orchestrator.history WHERE run_id = %s ORDER BY id"
        ends = (
            "SELECT job_id, attempt, state, reason, finished_at FROM orchestrator.attempts"
            " WHERE job_id IN (SELECT id FROM orchestrator.jobs WHERE run_id = %s) ORDER BY 1, 2"
        )
        return [row for statement in (moves, ends) for row in connection.execute(statement, [run]).fetchall()]


def _silences(stack: Stack, runner: str) -> list[float]:
    """From the host's last word (a heartbeat, or the claim) to the end of each attempt that was lost with it."""
    with connect(stack) as connection:
        rows = connection.execute(
            "SELECT extract(epoch FROM attempt.finished_at - greatest(runner.last_seen_at, attempt.claimed_at))::float"
            " FROM orchestrator.attempts AS attempt JOIN orchestrator.runners AS runner USING (runner)"
            " WHERE runner.runner = %s AND attempt.state = 'errored'",
            [runner],
        ).fetchall()
    return [round(row[0], 2) for row in rows]
