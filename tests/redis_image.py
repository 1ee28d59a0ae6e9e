"""An image with the real redis-cli, and one with the real redis-server: static busybox and Debian's programs."""

import io
import subprocess
import tarfile
from pathlib import Path

from busybox import busybox_tar


def redis_cli_tar() -> bytes:
    return _with_program("/usr/bin/redis-cli")


def redis_server_tar() -> bytes:
    return _with_program("/usr/bin/redis-server")


def _with_program(path: str) -> bytes:
    """Add a program of this machine and the libraries that it needs to the busybox image."""
    data = io.BytesIO(busybox_tar())
    with tarfile.open(fileobj=data, mode="a") as tar:
        for file in [path, *_libraries(path)]:
            # Under the very path that the loader looks for, with the content of what a link leads to.
            tar.add(Path(file).resolve(), file.lstrip("/"))
    return data.getvalue()


def _libraries(path: str) -> list[str]:
    said = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
    words = [word for line in said.splitlines() for word in line.split()]
    return sorted({word for word in words if word.startswith("/")})
