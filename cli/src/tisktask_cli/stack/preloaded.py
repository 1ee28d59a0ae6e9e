"""A process that has imported what all services need, and forks them: `python -m tisktask_cli.stack.preloaded`.

Importing costs each service about a second of a processor; a fork costs milliseconds, and shares the memory. What
comes out is the same as `python -m <module>`: a process of its own, a child of `tisktask up` (this process is only
its midwife), bound to its life, with its own name in the list of processes.
"""

import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import time
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from tisktask_cli.stack.kernel import die_with_parent
from tisktask_cli.stack.program import settle_child

#: Libraries only, and what is common: modules of one service would bring their metrics into all others.
_MODULES = (
    "aiohttp.web",
    "jinja2",
    "nats.js",
    "nkeys",
    "psycopg_pool",
    "pydantic_settings",
    "pygit2",
    "tisktask_common.bus.permissions",
    "tisktask_common.bus.provision",
    "tisktask_common.bus.pull",
    "tisktask_common.database.migrate",
    "tisktask_common.log_chunk",
    "tisktask_common.process.service",
    "tisktask_common.sealing",
)
#: Room in our arguments for the names of those we fork.
PADDING = "." * 240
REQUEST_BYTES_MAX = 256 * 1024
_ADOPTION_SECONDS = 5.0


@dataclass(frozen=True)
class Order:
    """What a forked process is to become."""

    module: str
    arguments: list[str]
    environment: dict[str, str]


def main() -> None:
    """Serve until the supervisor closes the connection; in a forked process, become what was ordered."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    supervisor = os.getppid()
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        _set_title(sys.executable, "-m", "tisktask_cli.stack.preloaded")
        gc.disable()  # there is nothing to collect among what is being imported
        for module in _MODULES:
            importlib.import_module(module)
        gc.freeze()
        gc.enable()
        channel.send(b'{"ready": true}')
        order = _serve(channel, supervisor)
    if order is not None:
        _become(order)


def _serve(channel: socket.socket, supervisor: int) -> Order | None:
    """Fork as ordered; returns an order only in a forked process."""
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, REQUEST_BYTES_MAX, 1)
        if not data:
            return None
        order = Order(**json.loads(data))
        output = descriptors[0]
        pid = _fork_for(supervisor, output)
        if pid == 0:
            return order
        os.close(output)
        channel.send(json.dumps({"pid": pid}).encode())


def _fork_for(supervisor: int, output: int) -> int:
    """Fork a process that is the supervisor's child; its id, or 0 in it.

    The process between dies at once: the kernel gives its child to the supervisor, which adopts orphans.
    """
    read_end, write_end = os.pipe()
    between = os.fork()
    if between == 0:
        child = os.fork()
        if child != 0:
            os.write(write_end, str(child).encode())
            os._exit(0)
        os.close(read_end)
        os.close(write_end)
        _wait_for_adoption(supervisor)
        settle_child(output, supervisor)
        os.close(output)
        return 0
    os.close(write_end)
    with os.fdopen(read_end, "rb") as reader:
        child = int(reader.read())
    os.waitpid(between, 0)
    return child


def _wait_for_adoption(supervisor: int) -> None:
    deadline = time.monotonic() + _ADOPTION_SECONDS
    while os.getppid() != supervisor and time.monotonic() < deadline:
        time.sleep(0.0005)


def _become(order: Order) -> None:
    # As the interpreter has it at its start.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order.environment)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    _set_title(sys.executable, "-m", order.module, *order.arguments)
    sys.argv[1:] = order.arguments
    runpy.run_module(order.module, run_name="__main__", alter_sys=True)


def _set_title(*words: str) -> None:
    """Overwrite our arguments in memory, which is what `ps` shows."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    title = b"\0".join(word.encode() for word in words)[: end - start - 1]
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, title, len(title))


if __name__ == "__main__":
    main()
