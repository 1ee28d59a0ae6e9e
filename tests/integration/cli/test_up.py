"""`tisktask up` as a whole, without runners: started, refused, killed, started again, stopped."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_processes import children_of, is_alive
from stack import COMMAND, Stack, wait_for


@pytest.fixture
def stack(environment: dict[str, str]) -> Iterator[Stack]:
    """A stack of the test's own, not yet started."""
    folder = Path(tempfile.mkdtemp(prefix="tt-own-"))
    found = Stack(folder / "data", environment, runners=0)
    yield found
    found.stop()
    shutil.rmtree(folder)


def family(stack: Stack) -> dict[int, str]:
    assert stack.process
    return children_of(stack.process.pid)


def wait_until_gone(pids: dict[int, str]) -> None:
    wait_for(lambda: not any(map(is_alive, pids)), 15, lambda: str({p: c for p, c in pids.items() if is_alive(p)}))


def run(environment: dict[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment, cwd="/")


def test_people_see_addresses_and_token_and_after_the_stop_nothing_is_left(stack: Stack) -> None:
    ports = ["--port", str(stack.port), "--ingest-port", str(stack.ingest_port)]
    with stack.log_path.open("w") as output:
        command = [COMMAND, "up", "--data-dir", stack.data, "--runners", "0", *ports]
        stack.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=stack.environment)
    wait_for(lambda: "Tisktask is ready" in stack.log_path.read_text(), 60, stack.log_tail)
    processes = family(stack)
    for part in ("nats-server", "postgres", "tisktask_ingest", "tisktask_orchestrator", "tisktask_logstream"):
        assert any(part in command for command in processes.values()), part
    used = json.loads((stack.data / "ports.json").read_text())
    began = time.monotonic()
    assert stack.stop() == 0
    assert time.monotonic() - began < 15
    text = stack.log_path.read_text()
    for expected in (stack.url, f"{stack.ingest_url}/api/triggers/github", stack.token, str(stack.data)):
        assert expected in text
    wait_until_gone(processes)
    assert not (stack.data / "run").exists()
    for port in (*used.values(), stack.port, stack.ingest_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert run(stack.environment, "--data-dir", stack.data, "run", "list").returncode == 3


def test_everything_dies_with_an_up_that_is_killed_and_the_next_one_goes_on(stack: Stack) -> None:
    stack.start()
    token = stack.token
    added = json.loads(stack.cli("repo", "add", "https://github.com/acme/widget", "--json"))
    processes = family(stack)
    assert stack.process
    stack.process.kill()
    stack.process.wait()
    wait_until_gone(processes)
    stack.start()
    assert stack.token == token
    assert [item["id"] for item in stack.api("/repositories")["items"]] == [added["id"]]
    # A second signal ends a stop that takes too long.
    processes = family(stack)
    logstream = next(pid for pid, command in processes.items() if "tisktask_logstream" in command)
    os.kill(logstream, signal.SIGSTOP)
    stack.process.send_signal(signal.SIGTERM)
    wait_for(lambda: "service_stopped" in stack.log_path.read_text(), 10, stack.log_tail)
    stack.process.send_signal(signal.SIGTERM)
    stack.process.wait(timeout=5)
    wait_until_gone(processes)


@pytest.mark.parametrize("part", ["nats-server", "bin/postgres", "tisktask_logstream", "tisktask_cli.stack.preloaded"])
def test_a_part_that_is_killed_does_not_take_the_rest_with_it(
    shared_stack: Stack, environment: dict[str, str], part: str
) -> None:
    victim = next(pid for pid, command in family(shared_stack).items() if part in command)
    os.kill(victim, signal.SIGKILL)
    if "preloaded" not in part:  # it has done its work
        wait_for(
            lambda: any(part in command and pid != victim for pid, command in family(shared_stack).items()),
            20,
            shared_stack.log_tail,
        )
    add = ["--data-dir", shared_stack.data, "repo", "add", "https://github.com/acme/after"]
    wait_for(lambda: run(environment, *add).returncode == 0, 40, shared_stack.log_tail)


def test_a_second_one_on_the_same_data_is_refused(shared_stack: Stack, environment: dict[str, str]) -> None:
    assert shared_stack.process
    refused = run(environment, "up", "--data-dir", shared_stack.data, "--port", 1, "--ingest-port", 2)
    assert refused.returncode == 1
    assert f"process {shared_stack.process.pid}" in refused.stderr
    assert str(shared_stack.data) in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_two_live_side_by_side_and_a_taken_port_is_named(shared_stack: Stack, stack: Stack) -> None:
    ports = ["--port", shared_stack.port, "--ingest-port", stack.ingest_port]
    refused = run(stack.environment, "up", "--data-dir", stack.data, *ports)
    assert refused.returncode == 2
    assert f"port {shared_stack.port} is taken by process" in refused.stderr
    assert "--port" in refused.stderr
    stack.start()
    stack.cli("repo", "add", "https://github.com/acme/other")
    names = [item["full_name"] for item in shared_stack.api("/repositories")["items"]]
    assert "acme/other" not in names
    assert stack.token != shared_stack.token
    unclear = run(stack.environment, "run", "list")
    assert unclear.returncode == 2
    assert "--data-dir" in unclear.stderr
    assert stack.stop() == 0
    # Now there is one, and it is found without a word.
    assert run(stack.environment, "repo", "list").returncode == 0


def test_secrets_are_private_and_in_no_log(shared_stack: Stack) -> None:
    secrets = [path for path in (shared_stack.data / "keys").rglob("*") if path.is_file()]
    assert len(secrets) > 8
    log = shared_stack.log_path.read_text()
    for path in secrets:
        assert path.stat().st_mode & 0o077 == 0, path
        assert path.read_text().strip() not in log, path
    assert shared_stack.data.stat().st_mode & 0o077 == 0
