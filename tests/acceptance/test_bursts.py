"""Much at once: bursts of output, many jobs, two replicas, one build."""

import hashlib

import pytest

from git_server import plain, program
from stack import job_named

pytestmark = pytest.mark.timeout(300)

LINES = 200_000
#: 99 characters and a newline, as fast as the shell can, then an immediate end.
BURST = """#!/bin/sh
yes 'abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvw' |
  head -n 100000 | sed = | sed 'N; s/\\n/ /' | cut -c 1-99
i=0
while [ $i -lt 100000 ]; do
  echo "$i abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstu"
  i=$((i + 1))
done
"""


def _expected() -> bytes:
    text = "abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvwxyz 0123456789 abcdefghijklmnopqrstuvw"
    first = [f"{number} {text}"[:99] for number in range(1, 100_001)]
    second = [f"{number} {text[:-2]}" for number in range(100_000)]
    return "".join(f"{line}\n" for line in first + second).encode()


@pytest.mark.parametrize("attempt", range(5))
def test_a_burst_of_200_000_lines_is_stored_whole_and_in_order(project, stack, attempt):
    run = project.run({".tisktask/push/burst": program(BURST), "attempt": plain(str(attempt))}, seconds_max=120)
    job = run["jobs"][0]
    assert (job["state"], job["exit_code"]) == ("succeeded", 0)
    stored = stack.wait_for_log(job["id"], seconds_max=60)
    assert stored.count(b"\n") == LINES
    assert hashlib.sha256(stored).digest() == hashlib.sha256(_expected()).digest()


def test_ten_jobs_are_shared_by_two_replicas_and_need_one_build(project, stack, busybox):
    files = {f".tisktask/push/job-{number}": program("#!/bin/sh\ncat /made\nsleep 1\n") for number in range(10)}
    build_file = f"FROM {busybox}\nRUN echo {project.full_name} > /made\n"
    run = project.run(files | {".tisktask/Dockerfile": plain(build_file)}, seconds_max=120)
    assert [job["state"] for job in run["jobs"]] == ["succeeded"] * 10
    assert {stack.wait_for_log(job["id"]).decode().strip() for job in run["jobs"]} == {project.full_name}
    log = stack.wait_for_log(run["preparation"]["id"]).decode()
    assert log.count("RUN echo") == 1
    ended = [line for line in stack.log_lines() if line.get("event") == "job_ended" and line["run"] == run["id"]]
    assert {line["service"] for line in ended if line["kind"] == "program"} == {"runner-1", "runner-2"}


def test_the_same_image_is_not_built_again_for_another_commit(project, stack, busybox):
    build_file = plain(f"FROM {busybox}\nRUN echo {project.full_name} > /made\n")
    first = project.run({".tisktask/Dockerfile": build_file, ".tisktask/push/job": program("#!/bin/sh\n:\n")})
    second = project.run({".tisktask/Dockerfile": build_file, ".tisktask/push/job": program("#!/bin/sh\ncat /made\n")})
    assert "RUN echo" in stack.wait_for_log(first["preparation"]["id"]).decode()
    assert "STEP" not in stack.wait_for_log(second["preparation"]["id"]).decode()
    assert second["state"] == "succeeded"


def test_a_repository_that_is_copied_into_its_image_runs_there(project, stack, busybox):
    build_file = f"FROM {busybox}\nWORKDIR /app\nCOPY . .\nRUN echo baked > /app/baked\n"
    files = {
        ".tisktask/Dockerfile": plain(build_file),
        ".tisktask/push/job": program("#!/bin/sh\npwd\ncat baked\n"),
        ".tisktask/push/other": program("#!/bin/sh\npwd\n"),
    }
    run = project.run(files)
    assert run["state"] == "succeeded"
    assert stack.wait_for_log(job_named(run, "job")["id"]) == b"/app\nbaked\n"
