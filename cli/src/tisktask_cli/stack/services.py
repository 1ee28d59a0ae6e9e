"""The five services and Podman's API as programs of the stack: their order, their ports, their settings."""

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass

from tisktask_cli.stack.layout import Layout, command_client
from tisktask_cli.stack.nats import EmbeddedNats
from tisktask_cli.stack.ports import HOST, PortBook
from tisktask_cli.stack.private_files import load_or_create_secret, private_folder, write_private
from tisktask_cli.stack.program import Program, python_module


@dataclass(frozen=True)
class Addresses:
    """Where the stack is reached."""

    host: str
    port: int
    ingest_port: int
    public_url: str = ""

    @property
    def url(self) -> str:
        return f"http://{_reachable(self.host)}:{self.port}"

    @property
    def ingest_url(self) -> str:
        return f"http://{_reachable(self.host)}:{self.ingest_port}"


@dataclass(frozen=True)
class Service:
    """A program with a health address; lower numbers stop first."""

    program: Program
    listen: Callable[[], str]
    stops_at: int


@dataclass(frozen=True)
class Services:
    """All services of one data directory."""

    layout: Layout
    addresses: Addresses
    nats: EmbeddedNats
    database_url: str
    ports: PortBook

    def all(self, runners: int) -> list[Service]:
        # Work stops first, then what records it, last what stores the record.
        return [
            self._service("ingest", 1, self._ingest, f"{self.addresses.host}:{self.addresses.ingest_port}"),
            *(self._runner(number) for number in range(1, runners + 1)),
            self._service("orchestrator", 2, self._orchestrator),
            self._service("reporter", 2, self._reporter),
            self._service("logstream", 3, self._logstream, f"{self.addresses.host}:{self.addresses.port}"),
        ]

    def engine(self) -> Program:
        """Podman's API for the runners. It is no service of the bus: it has no health address."""
        state = str(private_folder(self.layout.state("runner")))
        return Program(
            "engine",
            python_module("tisktask_runner.engine", "--state", state, "--socket", self.podman_socket),
            lambda: {"TISKTASK_LOG_FORMAT": "json"},
        )

    @property
    def podman_socket(self) -> str:
        return str(self.layout.run / "podman.sock")

    def _service(
        self, name: str, stops_at: int, settings: Callable[[], dict[str, str]], listen: str | None = None
    ) -> Service:
        def address() -> str:
            return listen or f"{HOST}:{self.ports.known(name)}"

        def environment() -> dict[str, str]:
            own = {"TISKTASK_LISTEN": listen or f"{HOST}:{self.ports.take(name)}"}
            return self._common(name, name) | settings() | own

        return Service(Program(name, python_module(f"tisktask_{name}"), environment), address, stops_at)

    def _runner(self, number: int) -> Service:
        name = f"runner-{number}"

        def address() -> str:
            return f"{HOST}:{self.ports.known(name)}"

        def environment() -> dict[str, str]:
            client = command_client()
            own = {
                "TISKTASK_RUNNER": self.nats.runner,
                "TISKTASK_REPLICA": str(number),
                "TISKTASK_PODMAN_SOCKET": self.podman_socket,
                "TISKTASK_LISTEN": f"{HOST}:{self.ports.take(name)}",
                **({"TISKTASK_COMMAND_CLIENT": str(client)} if client else {}),
            }
            return self._common("runner", f"runner-{self.nats.runner}") | own

        # Its jobs' pods live on without it; it only has to hand over.
        return Service(Program(name, python_module("tisktask_runner"), environment), address, stops_at=1)

    def _common(self, service: str, bus_user: str) -> dict[str, str]:
        return {
            "TISKTASK_LOG_FORMAT": "json",
            "TISKTASK_NATS_URL": self.nats.url,
            "TISKTASK_NATS_USER": bus_user,
            "TISKTASK_NATS_SEED_FILE": str(self.nats.seed_file(bus_user)),
            "TISKTASK_STATE_DIR": str(private_folder(self.layout.state(service))),
            "PYTHONUNBUFFERED": "1",
        }

    def _ingest(self) -> dict[str, str]:
        return {}

    def _orchestrator(self) -> dict[str, str]:
        return self._database() | {
            "TISKTASK_MASTER_KEY_FILE": str(self.layout.master_key),
            "TISKTASK_PUBLIC_URL": self.addresses.public_url or self.addresses.url,
            "TISKTASK_ALLOW_LOCAL_REPOSITORIES": "true",
        }

    def _reporter(self) -> dict[str, str]:
        return self._database() | {"TISKTASK_PUBLIC_URL": self.addresses.public_url or self.addresses.url}

    def _logstream(self) -> dict[str, str]:
        # Without an address given by the user, the pages are served under the one that the browser asks for.
        return self._database() | {
            "TISKTASK_ADMIN_TOKEN_FILE": str(self.layout.admin_token),
            "TISKTASK_PUBLIC_URL": self.addresses.public_url,
        }

    def _database(self) -> dict[str, str]:
        return {"TISKTASK_DATABASE_URL": self.database_url}


def load_or_create_secrets(layout: Layout) -> str:
    """Make what the services share if it is missing; the admin token."""
    load_or_create_secret(layout.master_key)
    return load_or_create_secret(layout.admin_token)


def load_or_create_host_name(layout: Layout) -> str:
    """Name this host on the bus and on its pods: unlike every other stack's on the same machine."""
    if not layout.host_name.exists():
        machine = re.sub(r"[^a-z0-9]+", "-", socket.gethostname().lower()).strip("-")[:24] or "local"
        suffix = load_or_create_secret(layout.keys / "host-id")[:6]
        write_private(layout.host_name, f"{machine}-{suffix}\n")
    return layout.host_name.read_text().strip()


def _reachable(host: str) -> str:
    """Give an address to connect to for one to listen on."""
    if host in {"", "0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
