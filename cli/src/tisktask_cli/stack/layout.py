"""Where everything of one embedded stack lies: paths only, made from the data directory."""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

#: sockaddr_un has room for 108 bytes, one of them the final zero.
SOCKET_PATH_BYTES_MAX = 107
#: The longest name that is put into the run directory.
_LONGEST_SOCKET_NAME = "pg/.s.PGSQL.5432"


@dataclass(frozen=True)
class Layout:
    """The paths of a data directory."""

    root: Path

    @classmethod
    def of(cls, folder: Path) -> "Layout":
        return cls(folder.expanduser().resolve())

    @property
    def lock(self) -> Path:
        """Held (flock) by the `tisktask up` that runs on this data directory."""
        return self.root / "lock"

    @property
    def description(self) -> Path:
        """Addresses of the running stack, for the other commands."""
        return self.root / "stack.json"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def admin_token(self) -> Path:
        return self.keys / "admin-token"

    @property
    def master_key(self) -> Path:
        return self.keys / "master-key"

    @property
    def host_name(self) -> Path:
        return self.root / "host-name"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def nats(self) -> Path:
        return self.root / "nats"

    @property
    def postgres_sockets(self) -> Path:
        return self.run / "pg"

    def state(self, service: str) -> Path:
        return self.root / service

    @property
    def run(self) -> Path:
        """Where the stack's Unix sockets lie: in the data directory, or in a short place if its path is too long."""
        inside = self.root / "run"
        if len(os.fsencode(inside / _LONGEST_SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
            return inside
        return _short_place() / hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]


def command_client() -> Path | None:
    """Find tisktask-cmd, which set-up compiles beside this Python environment's programs."""
    program = Path(sys.prefix) / "libexec" / "tisktask-cmd"
    return program if os.access(program, os.X_OK) else None


def _short_place() -> Path:
    if os.geteuid() == 0:
        return Path("/run/tisktask")
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and len(os.fsencode(runtime)) < 60:
        return Path(runtime) / "tisktask"
    return Path(f"/tmp/tisktask-{os.geteuid()}")  # noqa: S108 - `private_folder` refuses one that is not ours
