"""`tisktask runner pause|resume|drain` against a real stack, whose runner is played by the test."""

import asyncio
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from stack import COMMAND, Stack, wait_for
from tisktask_common.bus.connection import connect
from tisktask_common.ids import JobId
from tisktask_common.process.settings import BusSettings
from tisktask_common.rpc import AttemptRef, Heartbeat, HeartbeatReply


@pytest.fixture
def stack(shared_stack: Stack) -> Iterator[Stack]:
    yield shared_stack
    # For the next test no runner is there.
    with psycopg.connect(json.loads((shared_stack.data / "stack.json").read_text())["database_url"]) as connection:
        connection.execute("DELETE FROM orchestrator.runners")
        connection.execute("DELETE FROM orchestrator.runner_pauses")


def beat(stack: Stack, *, jobs: int, has_paused: bool, problem: str = "") -> HeartbeatReply:
    described = json.loads((stack.data / "stack.json").read_text())
    user = f"runner-{described['runner']}"
    seed = (stack.data / "keys" / "nats" / f"{user}.seed").read_text().strip()
    settings = BusSettings.model_validate({"nats_url": described["nats_url"], "nats_user": user, "nats_seed": seed})
    held = [AttemptRef(job_id=JobId(f"job_{number}"), attempt=1) for number in range(jobs)]
    who = {"runner": described["runner"], "replica": "1", "slots": 2, "pool": "default"}
    request = Heartbeat(**who, attempts=held, has_paused=has_paused, problem=problem)

    async def ask() -> HeartbeatReply:
        bus = await connect(settings, user)
        try:
            return await bus.request(request)
        finally:
            await bus.close()

    return asyncio.run(ask())


def tisktask(stack: Stack, environment: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [COMMAND, "--data-dir", stack.data, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def listed(stack: Stack) -> dict[str, Any]:
    return stack.api("/runners")["items"][0]


def test_a_host_is_paused_shown_as_such_and_resumed(stack: Stack, environment: dict[str, str]) -> None:
    assert not beat(stack, jobs=0, has_paused=False).is_paused
    host = listed(stack)["runner"]
    assert tisktask(stack, environment, "runner", "pause", host) == "done\n"
    assert listed(stack)["is_paused"]
    assert beat(stack, jobs=0, has_paused=False).is_paused
    assert " paused " in tisktask(stack, environment, "runner", "list")
    assert ">paused, still at work<" in page(stack)
    assert json.loads(tisktask(stack, environment, "runner", "resume", host, "--json"))["accepted"]
    assert not listed(stack)["is_paused"]
    assert "was not paused" in tisktask(stack, environment, "runner", "resume", host, code=1)
    assert "not known" in tisktask(stack, environment, "runner", "pause", "nobody", code=2)
    assert "no replica 7" in tisktask(stack, environment, "runner", "pause", host, "--replica", "7", code=2)


def test_draining_waits_until_the_last_job_has_ended(stack: Stack, environment: dict[str, str]) -> None:
    beat(stack, jobs=1, has_paused=False)
    host = listed(stack)["runner"]
    waiting = subprocess.Popen(
        [COMMAND, "--data-dir", stack.data, "runner", "drain", host],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert waiting.stdout
        assert waiting.stdout.readline() == f"{host} is paused: 1 job runs there\n"
        wait_for(lambda: beat(stack, jobs=0, has_paused=False).is_paused, 20, stack.log_tail)
        # Nothing runs, but it has not said yet that nothing more will: a claim might be on its way.
        assert not listed(stack)["is_drained"]
        beat(stack, jobs=0, has_paused=True)
        output, _ = waiting.communicate(timeout=30)
    finally:
        waiting.kill()
        waiting.wait()
    assert waiting.returncode == 0
    assert output.endswith(f"{host} is drained: nothing runs there\n")
    assert listed(stack)["is_drained"]


def test_waiting_for_a_drain_can_be_bounded(stack: Stack, environment: dict[str, str]) -> None:
    beat(stack, jobs=1, has_paused=False)
    host = listed(stack)["runner"]
    assert "jobs still run" in tisktask(stack, environment, "runner", "drain", host, "--timeout", "0", code=1)
    assert listed(stack)["is_paused"]


def test_a_host_in_trouble_says_so_everywhere(stack: Stack, environment: dict[str, str]) -> None:
    problem = "Podman has not answered for 12 s: no new jobs are taken here"
    beat(stack, jobs=0, has_paused=False, problem=problem)
    assert listed(stack)["problem"] == problem
    table = tisktask(stack, environment, "runner", "list")
    assert " in trouble " in table
    assert f" 1: {problem}\n" in table
    assert problem in page(stack)
    assert problem in tisktask(stack, environment, "doctor", code=1)
    beat(stack, jobs=0, has_paused=False)
    assert listed(stack)["problem"] == ""
    assert " alive " in tisktask(stack, environment, "runner", "list")


def page(stack: Stack) -> str:
    request = urllib.request.Request(f"{stack.url}/runners", headers={"Authorization": f"Bearer {stack.token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()
