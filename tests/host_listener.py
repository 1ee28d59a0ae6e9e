"""A service of this host on all its addresses: who can reach it is told so."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class HostListener:
    """Answers "reached" to every connection."""

    port: int


@contextlib.contextmanager
def listen_everywhere() -> Iterator[HostListener]:
    """Listen on a free port, IPv4 and IPv6, until the block ends; blocking clients of the same thread are served."""
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    thread = threading.Thread(target=_answer, args=(listener,), daemon=True)
    thread.start()
    try:
        yield HostListener(listener.getsockname()[1])
    finally:
        # Unlike close(), it wakes the thread.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


def _answer(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, contextlib.suppress(ConnectionError):
            connection.sendall(b"reached\n")
