"""A job's socket in a process of its own (`jobsocket_toy.py`), to be attacked and measured."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

PROGRAM = Path(__file__).with_name("jobsocket_toy.py")


@dataclass
class SocketProcess:
    path: Path
    process: subprocess.Popen[bytes]

    @property
    def resident_bytes(self) -> int:
        return psutil.Process(self.process.pid).memory_info().rss

    @property
    def open_files(self) -> int:
        return psutil.Process(self.process.pid).num_fds()


@contextmanager
def socket_process(path: Path) -> Iterator[SocketProcess]:
    """Serve there until the end of the block, at which it must be alive still."""
    with path.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen([sys.executable, PROGRAM, path], stdout=subprocess.PIPE, stderr=log)
    assert process.stdout
    try:
        assert process.stdout.readline() == b"open\n", path.with_suffix(".log").read_text()
        yield SocketProcess(path, process)
        assert process.poll() is None, path.with_suffix(".log").read_text()[-3000:]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
