"""A real redis-server on a Unix socket, to compare with: no file is written, no port is opened."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

OPTIONS = ["--port", "0", "--save", "", "--appendonly", "no", "--loglevel", "warning"]
#: So that a hash tells its fields in their order, however many there are.
HASH_OPTIONS = ["--hash-max-listpack-entries", "1000000", "--hash-max-listpack-value", "1000000"]


@contextmanager
def running_redis(*options: str) -> Iterator[Path]:
    """Run a server; gives the path of its socket."""
    binary = shutil.which("redis-server")
    assert binary, "redis-server is not installed: tools/setup --tests"
    folder = Path(tempfile.mkdtemp(prefix="tt-redis-", dir="/tmp"))
    path = folder / "redis.sock"
    command = [binary, "--unixsocket", str(path), "--dir", str(folder), *OPTIONS, *HASH_OPTIONS, *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_answers(path, process)
            yield path
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder)


@dataclass
class RawRedis:
    """A connection that shows replies as the bytes that they came in."""

    path: Path
    protocol: int = 2
    _socket: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        try:
            self._socket.connect(str(self.path))
        except OSError:
            self._socket.close()
            raise
        if self.protocol == 3:
            self.ask([b"HELLO", b"3"])

    def ask(self, *commands: list[bytes]) -> list[bytes]:
        """Send commands at once; returns the bytes of each reply."""
        self._socket.sendall(b"".join(pack(command) for command in commands))
        received = b""
        replies: list[bytes] = []
        while len(replies) < len(commands):
            if (length := reply_length(received)) is not None:
                replies.append(received[:length])
                received = received[length:]
            else:
                part = self._socket.recv(1 << 20)
                assert part, "redis-server has closed the connection"
                received += part
        assert not received, received
        return replies

    def close(self) -> None:
        self._socket.close()


def pack(command: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(command) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in command)


def reply_length(data: bytes) -> int | None:
    """Measure the first reply of some bytes; None: it is not complete."""
    end = data.find(b"\r\n")
    if end < 0:
        return None
    kind, head = data[:1], data[1:end]
    end += 2
    if kind == b"$" and head != b"-1":
        end += int(head) + 2
        return end if end <= len(data) else None
    count = int(head) if kind in b"*>~%" and head != b"-1" else 0
    for _ in range(2 * count if kind == b"%" else count):
        length = reply_length(data[end:])
        if length is None:
            return None
        end += length
    return end


def _wait_until_it_answers(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        with suppress(OSError):
            client = RawRedis(path)
            assert client.ask([b"PING"]) == [b"+PONG\r\n"]
            client.close()
            return
        assert process.poll() is None, "redis-server did not start"
        assert time.monotonic() < deadline, "redis-server does not answer"
        time.sleep(0.01)
