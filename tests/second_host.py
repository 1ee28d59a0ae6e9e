"""A second runner host beside a stack: its own state, Podman storage and API, and a way to the bus that can be cut."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cuttable_proxy import CuttableProxy, cuttable_proxy
from stack import Stack, wait_for
from stack_fixtures import remove_storage
from tisktask_cli.bus_access import embedded_nats
from tisktask_cli.stack.layout import command_client
from tisktask_cli.stack.nats_config import KeyedUser, NatsPlaces, render
from tisktask_cli.stack.private_files import write_private
from tisktask_common.bus.permissions import runner_user
from tisktask_runner.host.storage import Storage

NAME = "host-b"


@dataclass
class SecondHost:
    """Podman's API and a runner process, as they stand on a machine of their own."""

    stack: Stack
    folder: Path
    proxy: CuttableProxy
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def storage(self) -> Storage:
        return Storage(self.folder / "state", self.folder / "storage", self.folder / "run")

    @property
    def log_path(self) -> Path:
        return self.folder / "host.log"

    def attempt(self, job: str, attempt: int = 1) -> Path:
        """The directory of an attempt on this host."""
        return self.storage.state / "jobs" / f"{job}.{attempt}"

    def start(self) -> None:
        storage, socket = self.storage, self.folder / "podman.sock"
        environment = {
            "TISKTASK_PODMAN_ROOT": str(storage.root),
            "TISKTASK_PODMAN_RUNROOT": str(storage.runroot),
            "TISKTASK_PODMAN_SOCKET": str(socket),
            "TISKTASK_STATE_DIR": str(storage.state),
            "TISKTASK_RUNNER": NAME,
            "TISKTASK_NATS_URL": f"nats://127.0.0.1:{self.proxy.port}",
            "TISKTASK_NATS_USER": f"runner-{NAME}",
            "TISKTASK_NATS_SEED_FILE": str(_admit_to_bus(self.stack)),
            "TISKTASK_COMMAND_CLIENT": str(command_client() or ""),
            "TISKTASK_LISTEN": "127.0.0.1:0",
            "TISKTASK_SLOTS": "6",
        }
        engine = ["tisktask_runner.engine", "--state", str(storage.state), "--socket", str(socket)]
        for arguments in (engine, ["tisktask_runner"]):
            with self.log_path.open("ab") as output:
                command = [sys.executable, "-m", *arguments]
                self.processes.append(
                    subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=subprocess.STDOUT)
                )
        wait_for(self._is_alive, 60, self.log_tail)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log_tail(self) -> str:
        return self.log_path.read_text(errors="replace")[-6000:] + self.stack.log_tail()

    def _is_alive(self) -> bool:
        runners = self.stack.api("/runners")["items"]
        return any(one["runner"] == NAME and one["is_alive"] and one["engine"] for one in runners)


@contextlib.contextmanager
def second_host(stack: Stack) -> Iterator[SecondHost]:
    # As in the stack's fixture: short, and on a disk.
    folder = Path(tempfile.mkdtemp(prefix="tt-b-", dir="/var/tmp"))
    with cuttable_proxy(embedded_nats(stack.data).port) as proxy:
        host = SecondHost(stack, folder, proxy)
        try:
            host.start()
            yield host
        finally:
            proxy.heal()
            host.stop()
            print(host.log_path.read_text(errors="replace")[-20_000:])
            remove_storage(host.storage)
            shutil.rmtree(folder, ignore_errors=True)


def _admit_to_bus(stack: Stack) -> Path:
    """Make a user for the host, as an operator does in the configuration of a bus; where its seed lies."""
    nats = embedded_nats(stack.data)
    user = runner_user(NAME)
    users = [KeyedUser(one, nats.public_key(one.name)) for one in (*nats.users(), user)]
    places = NatsPlaces(nats.port, nats.layout.nats / "jetstream", nats.pid_file)
    write_private(nats.config, render(places, users, nats.public_key("system")))
    assert nats.reload()
    return nats.seed_file(user.name)
