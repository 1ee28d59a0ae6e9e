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
#: Programs that end their run otherwise, and what its reason tells then.
ENDS_OTHERWISE = {
    ".tisktask/push/licences": ("failed", "the licence of left-pad is not allowed"),
    ".tisktask/push/release": ("cancelled", "nothing to release"),
}
_PYTHON = (".tisktask/push/from-python", ".tisktask/push/transactions")
_TABLE_OF_COMMANDS = re.compile(r"^\| (?:command|kind) \|.*\n\|[-|]+\n((?:\|.*\n)+)", re.MULTILINE)
_NAME = re.compile(r"`([A-Z]{3,})\b")
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


def said_in_programs() -> set[str]:
    """All words of the page's programs, in capitals: redis-py's methods are named as the commands."""
    return {word.upper() for _, text in programs() for word in re.findall(r"[A-Za-z]+", text)}


def commands_of_tables() -> set[str]:
    """The commands that the page's tables name."""
    rows = [row for table in _TABLE_OF_COMMANDS.findall(PAGE.read_text()) for row in table.splitlines()]
    # Those of data stand in the second column, each kind in one row.
    cells = [row.split(" | ")[1 if "` `" in row else 0] for row in rows]
    return {name for cell in cells for name in _NAME.findall(cell)}


def test_the_page_has_programs_and_tables():
    assert len(pushed_alone()) >= 13
    assert len(commands_of_tables()) >= 90


def test_every_command_of_the_tables_is_in_a_program():
    assert commands_of_tables() - said_in_programs() == set()


def test_every_command_that_a_socket_knows_is_in_a_program(project, stack):
    run = project.run({".tisktask/push/list": program("#!/bin/sh\ntisktask-cmd COMMAND LIST\n")})
    known = {name.upper() for name in stack.wait_for_log(run["jobs"][0]["id"]).decode().split()}
    assert {"SPAWNJOB", "FAILRUN", "SUBSCRIBE", "MULTI"} <= known
    assert known - said_in_programs() == set()


@pytest.mark.parametrize("path", pushed_alone())
def test_a_program_of_the_page_runs_as_it_stands(path, project, stack, request):
    files = {path: program(dict(programs())[path])}
    for other, text in programs():
        if other.split("/")[1] in _LIBRARIES:
            files[other] = program(text)
    if path in _PYTHON:
        request.getfixturevalue("debian_python")
        files[".tisktask/push/Containerfile"] = plain(dict(programs())[".tisktask/push/Containerfile"])
    run = project.run(files, seconds_max=200)
    logs = {job["name"]: stack.wait_for_log(job["id"]).decode(errors="replace") for job in run["jobs"] if job["runner"]}
    state, reason = ENDS_OTHERWISE.get(path, ("succeeded", ""))
    assert run["state"] == state and reason in run["reason"], (
        run["reason"],
        logs,
        stack.wait_for_log(run["preparation"]["id"]).decode(),
    )
    assert {job["state"] for job in stack.api(f"/runs/{run['id']}")["jobs"]} <= ENDS
