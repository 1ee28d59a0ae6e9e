"""Jobs that make jobs: real clients in real pods, against the whole stack."""

import json
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from git_server import plain, program
from redis_image import redis_cli_tar
from stack import job_named, wait_for
from stack_fixtures import import_image

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("nothing_left")]

REDIS_CLI = "docker.io/library/redis-cli:test"
CONTAINERFILE = plain(f"FROM {REDIS_CLI}\n")
CLI = 'redis-cli -s "$TISKTASK_SOCKET_PATH"'


@pytest.fixture(scope="module", autouse=True)
def redis_cli(storage):
    import_image(storage, redis_cli_tar(), REDIS_CLI)


def children_of(run, name):
    parent = job_named(run, name)["id"]
    return [job for job in run["jobs"] if job["parent_job_id"] == parent]


def whole(stack, run):
    return stack.api(f"/runs/{run['id']}")


def test_a_job_spawns_another_with_redis_cli(project, stack):
    run = project.run(
        {
            ".tisktask/push/Containerfile": CONTAINERFILE,
            ".tisktask/push/parent": program(f"#!/bin/sh\n{CLI} SPAWNJOB others/child one 'two words'\n"),
            ".tisktask/others/child": program('#!/bin/sh\nprintf "[%s]" "$@" "$TISKTASK_PARENT_JOB_ID"\n'),
        }
    )
    assert run["state"] == "succeeded"
    parent, child = job_named(run, "parent"), job_named(run, "child")
    assert child["parent_job_id"] == parent["id"]
    assert stack.wait_for_log(parent["id"]).decode().strip().strip('"') == child["id"]
    assert stack.wait_for_log(child["id"]).decode() == f"[one][two words][{parent['id']}]"


def test_a_job_executes_another_and_has_its_exit_code(project, stack):
    run = project.run(
        {
            ".tisktask/push/Containerfile": CONTAINERFILE,
            ".tisktask/push/parent": program(f"#!/bin/sh\n{CLI} EXECJOB ALLOWFAIL others/child; echo went on\n"),
            ".tisktask/others/child": program("#!/bin/sh\nexit 7\n"),
        }
    )
    assert run["state"] == "succeeded"
    assert stack.wait_for_log(job_named(run, "parent")["id"]) == b"7\nwent on\n"
    assert job_named(run, "child")["exit_code"] == 7


def test_a_failing_child_fails_the_run_and_its_parents_status(project, stack):
    run = project.run({".tisktask/push/parent": program("#!/bin/sh\ntisktask-cmd SPAWNJOB SHELL exit 3\n")})
    assert run["state"] == "failed"
    assert job_named(run, "parent")["state"] == "succeeded"
    wait_for(lambda: project.statuses(run["sha"], "tisktask/push/parent")[-1:] == ["failure"], 20, stack.log_tail)
    assert set(project.forge.state.shown(project.full_name, run["sha"])) == {"tisktask/push", "tisktask/push/parent"}


def test_no_program_is_answered_with_those_that_are_there(project, stack):
    run = project.run({".tisktask/push/parent": program("#!/bin/sh\ntisktask-cmd EXECJOB push/lint\n")})
    assert run["state"] == "failed"
    said = stack.wait_for_log(job_named(run, "parent")["id"]).decode()
    assert said.startswith("tisktask-cmd: NOTFOUND no program .tisktask/push/lint at ")
    assert "parent" in said


SPLIT = """#!/bin/sh -e
tisktask-cmd RPUSH items $(seq 1 40)
workers=$(for n in 1 2 3 4; do tisktask-cmd SPAWNJOB KEY $n split/worker; done)
tisktask-cmd WAITJOB $workers
"""
WORKER = """#!/bin/sh -e
while item=$(tisktask-cmd BLPOP items 0.1); do
    sleep 0.2
    # The list's name, and the item.
    set -- $item
    tisktask-cmd RPUSH done "$2 $TISKTASK_JOB_ID"
done
"""


def test_forty_items_are_split_over_four_workers_each_done_once(project, stack):
    run = project.run(
        {
            ".tisktask/push/split": program(SPLIT + "tisktask-cmd LRANGE done 0 -1\n"),
            ".tisktask/split/worker": program(WORKER),
        },
        seconds_max=120,
    )
    assert run["state"] == "succeeded", stack.wait_for_log(job_named(run, "split")["id"]).decode()
    lines = stack.wait_for_log(job_named(run, "split")["id"]).decode().splitlines()[-40:]
    assert sorted(int(line.split()[0]) for line in lines) == list(range(1, 41))
    workers = {job["id"] for job in children_of(run, "split")}
    assert len(workers) == 4
    assert {line.split()[-1] for line in lines} == workers


FAN_OUT = """#!/bin/sh -e
for n in $(seq 1 200); do tisktask-cmd SPAWNJOB NAME part SHELL "echo part $n"; done > ids
tisktask-cmd WAITJOB $(cat ids) > ends
grep -c succeeded ends
"""


@pytest.mark.timeout(400)
@pytest.mark.parametrize("count", [60, pytest.param(200, marks=pytest.mark.soak)])
def test_one_job_spawns_many(project, stack, count):
    """Two hundred by `make soak`: they are minutes of a small machine."""
    run = project.run({".tisktask/push/fan": program(FAN_OUT.replace("200", str(count)))}, seconds_max=300)
    run = whole(stack, run)
    assert run["state"] == "succeeded", stack.wait_for_log(job_named(run, "fan")["id"]).decode()
    children = children_of(run, "fan")
    assert len(children) == count
    assert len({child["name"] for child in children}) == count
    assert {child["state"] for child in children} == {"succeeded"}
    assert stack.wait_for_log(job_named(run, "fan")["id"]) == f"{count}\n".encode()
    # Statuses are of the run and of the parent alone, and few.
    state = project.forge.state
    wait_for(
        lambda: state.states(project.full_name, run["sha"], "tisktask/push")[-1:] == ["success"], 20, stack.log_tail
    )
    assert set(state.shown(project.full_name, run["sha"])) == {"tisktask/push", "tisktask/push/fan"}
    assert len(state.states(project.full_name, run["sha"], "tisktask/push/fan")) <= 4


DEEP = """#!/bin/sh -e
depth=${1:-0}
test "$depth" = 5 || tisktask-cmd EXECJOB push/deep $((depth + 1))
echo "deep $depth"
"""


def test_chains_of_waiting_parents_never_starve_their_children(project, stack):
    """Six chains of six jobs on four slots: each parent waits, so it lends its slot."""
    files = {f".tisktask/push/chain-{n}": program("#!/bin/sh\ntisktask-cmd EXECJOB chain/deep 1\n") for n in range(6)}
    files[".tisktask/chain/deep"] = program(DEEP.replace("push/deep", "chain/deep"))
    run = project.run(files, seconds_max=180)
    assert run["state"] == "succeeded"
    assert len(whole(stack, run)["jobs"]) == 6 * 6


def test_data_is_the_runs_own(project, stack):
    first = project.run({".tisktask/push/a": program("#!/bin/sh\ntisktask-cmd SET k first\ntisktask-cmd GET k\n")})
    second = project.run({".tisktask/push/b": program("#!/bin/sh\ntisktask-cmd GET k || echo nothing\n")})
    assert stack.wait_for_log(first["jobs"][0]["id"]) == b"OK\nfirst\n"
    assert stack.wait_for_log(second["jobs"][0]["id"]) == b"nothing\n"


def test_the_lock_keeps_deploys_of_two_runs_apart(project, stack):
    deploy = """#!/bin/sh -e
tisktask-cmd LOCK deploy WAIT 100
echo begin; sleep 1; echo end
"""
    shas = [project.push({".tisktask/push/deploy": program(deploy), "n": plain(str(n))}) for n in range(3)]
    runs = [stack.wait_for_run(project.full_name, sha, 120) for sha in shas]
    assert {run["state"] for run in runs} == {"succeeded"}
    times = []
    for run in runs:
        job = run["jobs"][0]["id"]
        stack.wait_for_log(job)
        lines = stack.api(f"/jobs/{job}/log?from_line=1")["lines"]
        begin, end = (next(line["t"] for line in lines if line["text"] == word) for word in ("begin", "end"))
        times.append((begin, end))
    times.sort()
    assert all(end <= begin for (_, end), (begin, _) in pairwise(times))


def test_cancelling_the_parent_cancels_what_it_started_but_not_what_is_detached(project, stack):
    script = """#!/bin/sh
tisktask-cmd SPAWNJOB NAME owned SHELL sleep 300
tisktask-cmd SPAWNJOB NAME free DETACH SHELL 'sleep 3; echo done'
tisktask-cmd SET ready yes
sleep 300
"""
    sha = project.push({".tisktask/push/parent": program(script)})

    def at_work():
        found = next(iter(stack.runs(project.full_name, sha)), None)
        jobs = {job["name"]: job for job in found["jobs"]} if found else {}
        started = all(jobs.get(name, {}).get("state") == "running" for name in ("parent", "owned", "free"))
        return jobs if started else None

    jobs = wait_for(at_work, 60, stack.log_tail)
    stack.api(f"/jobs/{jobs['parent']['id']}/cancel", "POST")
    run = stack.wait_for_run(project.full_name, sha)
    states = {job["name"]: job["state"] for job in run["jobs"]}
    assert states == {"parent": "cancelled", "owned": "cancelled", "free": "succeeded"}


def test_what_a_job_says_is_on_the_runs_page(project, stack):
    script = """#!/bin/sh -e
tisktask-cmd SETNAME 'The <b>coverage</b>'
tisktask-cmd STATUS 'at 97 %'
tisktask-cmd ANNOTATE LEVEL warning FILE src/a.c LINE 3 '**never** <script>alert(1)</script>'
tisktask-cmd SUMMARY '# All well'
"""
    run = whole(stack, project.run({".tisktask/push/job": program(script)}))
    job = run["jobs"][0]
    assert (job["title"], job["status_text"], job["summary"]) == ("The <b>coverage</b>", "at 97 %", "# All well")
    (annotation,) = run["annotations"]
    assert (annotation["level"], annotation["file"], annotation["line"]) == ("warning", "src/a.c", 3)


def test_a_secret_in_env_is_nowhere_in_clear(project, stack):
    # It stands in the program itself here, so the checkout does not count.
    script = "#!/bin/sh\ntisktask-cmd EXECJOB ENV TOKEN=hunter2-hunter2 SHELL 'test ${#TOKEN} = 15'\n"
    run = project.run({".tisktask/push/parent": program(script)})
    assert run["state"] == "succeeded"
    assert "hunter2" not in stack.log_path.read_text()
    assert "hunter2" not in json.dumps(whole(stack, run))
    for folder in ("nats", "postgres", "logs"):
        for path in (stack.data / folder).rglob("*"):
            assert not path.is_file() or b"hunter2-hunter2" not in _bytes_of(path), path


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def kill_all_runners(stack):
    """Kill -9 every replica: nobody is left to take over but those that are started anew."""
    replicas = [
        process for process in psutil.Process(stack.process.pid).children(recursive=True) if is_replica(process)
    ]
    assert len(replicas) == stack.runners
    for replica in replicas:
        replica.kill()


def is_replica(process):
    try:
        said = " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
    return "tisktask_runner" in said and "tisktask_runner.engine" not in said


def touch(stack, job, name):
    """Make a file in the working directory of a job."""
    (stack.data / "runner" / "jobs" / f"{job['id']}.{job['attempt']}" / "workspace" / name).touch()


PARENT = """#!/bin/sh -e
tisktask-cmd EXECJOB slow/child
tisktask-cmd BLPOP results 100
test "$(tisktask-cmd INCR counted)" = 2
"""
CHILD = """#!/bin/sh -e
tisktask-cmd INCR counted
while ! test -e released; do sleep 0.1; done
tisktask-cmd SPAWNJOB DETACH slow/grandchild
"""
GRANDCHILD = """#!/bin/sh -e
while ! test -e released; do sleep 0.1; done
tisktask-cmd RPUSH results 5
"""


def test_runners_killed_in_the_middle_of_blocking_commands_make_nothing_run_twice(project, stack):
    sha = project.push(
        {
            ".tisktask/push/parent": program(PARENT),
            ".tisktask/slow/child": program(CHILD),
            ".tisktask/slow/grandchild": program(GRANDCHILD),
        }
    )

    def at_work(name):
        found = next(iter(stack.runs(project.full_name, sha)), None)
        jobs = found["jobs"] if found else []
        return next((job for job in jobs if job["name"] == name and job["state"] == "running"), None)

    for name in ("child", "grandchild"):
        job = wait_for(lambda name=name: at_work(name), 60, stack.log_tail)
        kill_all_runners(stack)
        touch(stack, job, "released")
    run = stack.wait_for_run(project.full_name, sha, 120)
    assert run["state"] == "succeeded", [stack.wait_for_log(job["id"]) for job in run["jobs"]]
    assert len(whole(stack, run)["jobs"]) == 3
