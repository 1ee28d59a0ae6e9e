"""A PostgreSQL of a test's own, which it may kill: the session's is shared. With fsync, as in production."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from postgres_server import PostgresServer


@contextmanager
def own_postgres_server(folder: Path | None = None) -> Iterator[PostgresServer]:
    """Made and started; at the end nothing of it is left. `folder` is where its data lie, if not in /tmp."""
    # Not pytest's tmp_path: PostgreSQL's own user must be able to reach it, and socket paths are short.
    above = Path(tempfile.mkdtemp(prefix="tt-pg-", dir="/tmp"))
    above.chmod(0o755)
    server = PostgresServer((folder or above) / "s")
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(above)


def start_again(server: PostgresServer) -> None:
    """Start after a kill: the dead server's children hold its memory for another moment."""
    deadline = time.monotonic() + 20
    while True:
        try:
            server.start()
            return
        except RuntimeError:
            server.kill()
            if time.monotonic() > deadline:
                raise
