"""Clients that people use connect without special options and find what they expect."""

import asyncio
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import redis.asyncio

from jobsocket_process import SocketProcess, socket_process

NODE_SCRIPT = """
const { createClient } = require('redis');
(async () => {
  for (const RESP of [2, 3]) {
    const client = createClient({ RESP, socket: { path: process.argv[1] } });
    client.on('error', error => { console.error(error); process.exit(1); });
    await client.connect();
    console.log(await client.ping(), await client.set('k', 'v'), await client.get('k'));
    console.log(JSON.stringify(await client.multi().set('n', '1').incr('n').get('k').exec()));
    console.log(JSON.stringify(await Promise.all([client.incr('n'), client.incr('n')])));
    await client.sendCommand(['NOPE']).catch(error => console.log(error.message));
    await client.close();
  }
})();
"""


@pytest.fixture(scope="module")
def server() -> Iterator[SocketProcess]:
    with tempfile.TemporaryDirectory(prefix="tt-socket-") as folder, socket_process(Path(folder) / "s") as process:
        yield process


@pytest.fixture(scope="module")
def cli() -> str:
    if not shutil.which("redis-cli"):
        pytest.skip("redis-cli is not installed (package redis-tools)")
    return "redis-cli"


def run_cli(cli: str, server: SocketProcess, *arguments: str, given: bytes | None = None) -> str:
    command = [cli, "-s", str(server.path), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("protocol", ["-2", "-3"])
def test_redis_cli_does_one_command(cli, server, protocol):
    assert run_cli(cli, server, protocol, "PING") == "PONG\n"
    assert run_cli(cli, server, protocol, "SET", "cli", "1") == "OK\n"
    assert run_cli(cli, server, protocol, "INCR", "cli") == "2\n"
    assert run_cli(cli, server, protocol, "GET", "nothing") == "\n"
    assert "unknown command 'NOPE'" in run_cli(cli, server, protocol, "NOPE")


def test_redis_cli_with_a_password_and_a_database_does_its_command(cli, server):
    assert run_cli(cli, server, "-a", "any", "-n", "0", "PING").endswith("PONG\n")
    assert run_cli(cli, server, "--user", "default", "--pass", "any", "PING").endswith("PONG\n")


def test_redis_cli_explains_a_command(cli, server):
    said = _plain(run_cli(cli, server, "HELP", "incr"))
    assert "INCR key" in said
    assert "summary: Adds one. For example: INCR builds" in said
    assert "group: data" in said


def test_redis_cli_sends_a_mass_of_commands(cli, server):
    said = run_cli(cli, server, "--pipe", given=b"INCR mass\r\n" * 5000)
    assert "errors: 0, replies: 5000" in said
    assert run_cli(cli, server, "GET", "mass") == "5000\n"


def test_redis_cli_reads_commands_from_its_input(cli, server):
    said = run_cli(cli, server, given=b"MULTI\nSET a 'x y'\nGET a\nEXEC\n")
    assert said == "OK\nQUEUED\nQUEUED\nOK\nx y\n"


def test_a_person_talks_with_redis_cli(cli, server):
    with terminal([cli, "-s", str(server.path)]) as screen:
        screen.read_until("> ")
        assert "PONG" in screen.ask("PING")
        said = screen.ask("help incr")
        assert "INCR key" in said
        assert "summary: Adds one." in said
        assert "SUBSCRIBE channel [channel ...]" in screen.ask("help @messages")
        assert "WAIT word" in screen.ask("help wait")
        assert "OK" in screen.ask("MULTI")
        assert "(TX)" in screen.ask("SET talk 41")
        screen.ask("INCR talk")
        assert "2) (integer) 42" in screen.ask("EXEC")
        assert "ERR unknown command 'PNIG'" in screen.ask("PNIG")


class Screen:
    """A terminal with a program in it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def ask(self, line: str) -> str:
        os.write(self._descriptor, line.encode() + b"\r")
        # What is typed is shown with hints in between; the answer begins on the next line.
        return self.read_until(r"\n\r*redis [^\n]*> \r*$")

    def read_until(self, end: str) -> str:
        shown, deadline = "", time.monotonic() + 10
        while not re.search(end, shown):
            assert time.monotonic() < deadline, shown
            if select.select([self._descriptor], [], [], 0.1)[0]:
                shown += _plain(os.read(self._descriptor, 65536).decode())
        return shown


class terminal:  # noqa: N801 - used as a context
    def __init__(self, command: list[str]) -> None:
        self._command = command

    def __enter__(self) -> Screen:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 150, 0, 0))
        environment = os.environ | {"TERM": "xterm", "HOME": "/nonexistent"}
        self._process = subprocess.Popen(
            self._command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        return Screen(self._ours)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


def _plain(text: str) -> str:
    """Drop what moves the cursor and colours."""
    parts = text.split("\x1b[")
    return parts[0] + "".join(part.lstrip("0123456789;?")[1:] for part in parts[1:])


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py_works_without_special_options(server, protocol):
    with redis.Redis(unix_socket_path=str(server.path), protocol=protocol, decode_responses=True) as client:
        assert client.ping()
        assert client.set("py", "ü")
        assert client.get("py") == "ü"
        assert client.get("py-none") is None
        assert client.client_getname() is None
        assert client.client_id() > 0
        assert client.client_info()["lib-name"] == "redis-py"
        assert client.info("server")["redis_version"] == "7.0.0"
        assert client.command_count() == len(client.command_list())
        assert "incr" in client.command()
        assert client.echo("x") == "x"
        assert abs(client.time()[0] - time.time()) < 60
        assert client.config_get("save") == {}
        with pytest.raises(redis.ResponseError, match="unknown command 'NOPE'"):
            client.execute_command("NOPE")
        with pytest.raises(redis.ResponseError, match="WATCH is not supported"):
            client.transaction(lambda _pipe: None, "py")


@pytest.mark.parametrize("is_transaction", [True, False])
def test_redis_py_pipelines(server, is_transaction):
    with redis.Redis(unix_socket_path=str(server.path)) as client:
        with client.pipeline(transaction=is_transaction) as pipe:
            pipe.set("pipe", 0)
            for _ in range(500):
                pipe.incr("pipe")
            assert pipe.execute() == [True, *range(1, 501)]
        with client.pipeline(transaction=is_transaction) as pipe:
            pipe.set("pipe", "text").incr("pipe")
            assert [type(reply) for reply in pipe.execute(raise_on_error=False)] == [bool, redis.ResponseError]


@pytest.mark.parametrize("protocol", [2, 3])
def test_redis_py_subscribes(server, protocol):
    with redis.Redis(unix_socket_path=str(server.path), protocol=protocol) as client, client.pubsub() as heard:
        heard.subscribe("news")
        assert (heard.get_message(timeout=5) or {})["type"] == "subscribe"
        assert client.publish("news", "hello") == 1
        message = heard.get_message(timeout=5) or {}
        assert (message["type"], message["data"]) == ("message", b"hello")


@pytest.mark.parametrize("protocol", [2, 3])
async def test_redis_py_works_with_asyncio(server, protocol):
    async with redis.asyncio.Redis(
        unix_socket_path=str(server.path), protocol=protocol, decode_responses=True
    ) as client:
        assert await client.ping()
        await client.set(f"aio{protocol}", 0)
        assert sorted(await asyncio.gather(*(client.incr(f"aio{protocol}") for _ in range(20)))) == list(range(1, 21))
        async with client.pipeline() as pipe:
            assert await pipe.set("aio", "x").get("aio").execute() == [True, "x"]


def test_nodes_client_works_without_special_options(server):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    if subprocess.run(["node", "-e", "require('redis')"], capture_output=True, check=False).returncode != 0:
        pytest.skip("node's package `redis` is not there: npm install redis, and NODE_PATH to its node_modules")
    done = subprocess.run(
        ["node", "-e", NODE_SCRIPT, str(server.path)], capture_output=True, text=True, timeout=30, check=False
    )
    once = 'PONG OK v\n["OK",2,"v"]\n[3,4]\nERR unknown command \'NOPE\', with args beginning with:  ; HELP lists the commands\n'
    assert (done.stdout, done.returncode) == (once * 2, 0), done.stderr
