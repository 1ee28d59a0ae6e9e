"""The embedded stack: brings servers and services up side by side, waits for them, takes them down in order."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tisktask_cli.errors import CommandError
from tisktask_cli.stack import description
from tisktask_cli.stack.description import Description
from tisktask_cli.stack.journal import Journal
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.nats import EmbeddedNats
from tisktask_cli.stack.nats_watch import watch_nats
from tisktask_cli.stack.ports import PortBook
from tisktask_cli.stack.postgres import EmbeddedPostgres
from tisktask_cli.stack.private_files import private_folder
from tisktask_cli.stack.program import Program, python_module
from tisktask_cli.stack.readiness import wait_until_ready
from tisktask_cli.stack.services import (
    Addresses,
    Service,
    Services,
    load_or_create_host_name,
    load_or_create_secrets,
)
from tisktask_cli.stack.supervisor import Supervisor

_ENGINE_STOPS_AT = 5
_SERVERS_STOP_AT = 6


@dataclass(frozen=True)
class StackOptions:
    """What `tisktask up` was asked for."""

    layout: Layout
    addresses: Addresses
    runners: int = 1
    #: A git repository whose push jobs are run when the stack is ready.
    trigger_path: Path | None = None


class EmbeddedStack:
    """Everything behind one `tisktask up`."""

    def __init__(self, options: StackOptions, supervisor: Supervisor, journal: Journal) -> None:
        self._options = options
        self._supervisor = supervisor
        self._journal = journal
        layout = options.layout
        private_folder(layout.root)
        self.admin_token = load_or_create_secrets(layout)
        self._ports = PortBook(layout.ports)
        self._nats = EmbeddedNats(layout, self._ports.take("nats"), load_or_create_host_name(layout))
        self._postgres = EmbeddedPostgres.of(layout)
        self._services = Services(layout, options.addresses, self._nats, self._postgres.url, self._ports)
        self._running: list[Service] = []

    def start_servers(self) -> None:
        """Start the bus and the database; they come up while others do."""
        self._nats.write_config()  # and with it the keys that the provisioning needs
        self._nats_process = self._supervisor.start(self._nats.program(), _SERVERS_STOP_AT)
        if not self._postgres.exists:
            self._journal.say("database_is_made", data=str(self._postgres.data))
            # Blocks the loop for a second, at the first start only: the reaper must not collect its processes.
            self._postgres.create()
        self._postgres.require_version()
        self._supervisor.start(self._postgres.program(), _SERVERS_STOP_AT)

    async def start_services(self) -> None:
        """Start everything else; returns when the pages and the webhook address are ready."""
        if await self._supervisor.run_once(self._provisioning()) != 0:
            raise CommandError("the message bus could not be set up: the lines above say why")
        if self._options.runners:
            self._supervisor.start(self._services.engine(), _ENGINE_STOPS_AT)
        self._running = self._services.all(self._options.runners)
        for service in self._running:
            self._supervisor.start(service.program, service.stops_at)
        self._publish_description()
        gates = [(s.program.name, s.listen) for s in self._running if s.program.name in {"ingest", "logstream"}]
        await wait_until_ready(gates, self._journal)

    async def wait_for_all(self) -> None:
        """Return when every service is ready, runners too."""
        await wait_until_ready([(s.program.name, s.listen) for s in self._running], self._journal)

    async def watch_bus(self) -> None:
        """See to it that the bus stores again after its disk was full; never returns."""
        await watch_nats(self._nats, self._nats_process.restart, self._journal)

    async def run_first_trigger(self) -> None:
        """Run the push jobs of the repository that was named, by the same command that people use."""
        layout, path = self._options.layout, self._options.trigger_path
        if path is None:
            return
        command = ("--data-dir", str(layout.root), "trigger", "push", "--follow", "--path", str(path))
        code = await self._supervisor.run_once(Program("trigger", python_module("tisktask_cli", *command)))
        self._journal.say("first_run_ended", "info" if code == 0 else "error", path=str(path), exit_code=code)

    async def stop(self) -> None:
        await self._supervisor.stop()
        description.withdraw(self._options.layout)
        shutil.rmtree(self._options.layout.run, ignore_errors=True)

    def _provisioning(self) -> Program:
        return Program(
            "provision",
            python_module("tisktask_cli.stack.provision_bus", *self._nats.integrators()),
            lambda: {
                "TISKTASK_NATS_URL": self._nats.url,
                "TISKTASK_NATS_USER": "admin",
                "TISKTASK_NATS_SEED_FILE": str(self._nats.seed_file("admin")),
            },
        )

    def _publish_description(self) -> None:
        addresses = self._options.addresses
        description.publish(
            self._options.layout,
            Description(
                pid=os.getpid(),
                url=addresses.url,
                ingest_url=addresses.ingest_url,
                nats_url=self._nats.url,
                database_url=self._postgres.url,
                runner=self._nats.runner,
            ),
        )
