"""docs/job-socket.md: every program in it is pushed and run as it stands there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from busybox import busybox_tar
from git_server import plain, program
from redis_image import redis_server_tar
from stack import ENDS
from stack_fixtures import import_image

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("nothing_left")]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "job-socket.md"
_PROGRAM = re.compile(r"^`(\.tisktask/\S+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Jobs of these folders are started by others.
_LIBRARIES = {"matrix", "split"}


def programs() -> Iterator[tuple[str, str]]:
    yield from _PROGRAM.findall(PAGE.read_text())


def pushed_alone() -> list[str]:
    return [path for path, _ in programs() if path.startswith(".tisktask/push/") and "Containerfile" not in path]


@pytest.fixture(scope="module", autouse=True)
def images(storage):
    import_image(storage, busybox_tar(), "docker.io/library/busybox:latest")
    command = 'CMD ["/usr/bin/redis-server", "--protected-mode", "no"]'
    import_image(storage, redis_server_tar(), "docker.io/library/redis:latest", command)


def test_the_page_has_programs():
    assert len(pushed_alone()) >= 9


@pytest.mark.parametrize("path", pushed_alone())
def test_a_program_of_the_page_runs_as_it_stands(path, project, stack, request):
    files = {path: program(dict(programs())[path])}
    for other, text in programs():
        if other.split("/")[1] in _LIBRARIES:
            files[other] = program(text)
    if path.endswith("from-python"):
        request.getfixturevalue("debian_python")
        files[".tisktask/push/Containerfile"] = plain(dict(programs())[".tisktask/push/Containerfile"])
    run = project.run(files, seconds_max=200)
    logs = {job["name"]: stack.wait_for_log(job["id"]).decode(errors="replace") for job in run["jobs"]}
    assert run["state"] == "succeeded", (run["reason"], logs, stack.wait_for_log(run["preparation"]["id"]).decode())
    assert {job["state"] for job in stack.api(f"/runs/{run['id']}")["jobs"]} <= ENDS
