"""Puts a listening Unix socket into a directory that the job can write to, too, and leads nobody out of it."""

import os
import secrets
import socket
import stat
from pathlib import Path

_BACKLOG = 128


def listen_at(path: Path) -> socket.socket:
    """Listen at a path, in place of whatever is there; everybody in the directory may connect. Raises OSError.

    It is bound under another name first: a client finds the old one or the new one. And by the directory's descriptor:
    the path of a Unix socket may have 107 bytes only. Its file stays: the next process replaces it.
    """
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name = f".{secrets.token_hex(8)}"
        listening.bind(f"/proc/self/fd/{directory}/{name}")
        listening.setblocking(False)  # noqa: FBT003 - its only argument
        listening.listen(_BACKLOG)
        _open_to_everybody(directory, name)
        os.rename(name, path.name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        listening.close()
        raise
    finally:
        os.close(directory)
    return listening


def _open_to_everybody(directory: int, name: str) -> None:
    """Let any user connect: who is in the pod is the job. By descriptor: the name may be something else by now."""
    found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        if not stat.S_ISSOCK(os.fstat(found).st_mode):
            raise FileExistsError(f"{name} was put into the socket's directory by the job")
        Path(f"/proc/self/fd/{found}").chmod(0o666)
    finally:
        os.close(found)
