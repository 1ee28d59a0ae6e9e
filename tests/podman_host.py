"""A private Podman for a test session: its own storage, its own service process, one small image.

In your folder's conftest.py: `from podman_host import engine, podman_host, pods  # noqa: F401`.
"""

import asyncio
import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from busybox import busybox_tar
from tisktask_common.rpc import Limits
from tisktask_runner.engine.model import EnginePlace, Mount, Pod, PodSpec
from tisktask_runner.engine.podman_info import host_tag
from tisktask_runner.engine.pods import Engine, open_engine
from tisktask_runner.host.storage import Storage

IMAGE = "localhost/tisktask-test:busybox"
#: The same files, with an entrypoint, a command, a working directory and a user of its own.
OPINIONATED_IMAGE = "localhost/tisktask-test:opinionated"
HOST = "test-host"


@dataclass
class PodmanHost:
    """One Podman service on a storage of its own. It may be killed and started again."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = None
    configuration: str = ""
    hosts: list[str] = field(default_factory=list)

    @property
    def storage(self) -> Storage:
        return Storage(self.folder / "state", self.folder / "root", self.folder / "run")

    @property
    def socket(self) -> Path:
        return self.folder / "podman.sock"

    def place(self, host: str = HOST, **changes: object) -> EnginePlace:
        self.hosts.append(host)
        return EnginePlace(
            socket=self.socket,
            host=host,
            libpod_run=self.storage.tmp_dir,
            temporary=self.storage.temporary,
            **changes,  # type: ignore[arg-type]
        )

    @property
    def environment(self) -> dict[str, str]:
        """For `podman` commands on this storage."""
        return self.storage.environment(os.environ)

    def start(self) -> None:
        storage = self.storage
        command = [sys.executable, "-m", "tisktask_runner.engine", "--state", storage.state, "--socket", self.socket]
        command += ["--root", storage.root, "--runroot", storage.runroot]
        with (self.folder / "service.log").open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 50
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "service.log").read_text()[-3000:])
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def podman(self, *arguments: str) -> str:
        result = subprocess.run(
            ["podman", *arguments], env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        if result.returncode != 0:
            raise RuntimeError(f"podman {' '.join(arguments)}: {result.stderr}")
        return result.stdout

    def leftovers(self) -> list[str]:
        """Every container, pod and network that is there (the default network is not ours)."""
        found = [f"container {name}" for name in self.podman("ps", "-aq", "--external").split()]
        found += [f"pod {name}" for name in self.podman("pod", "ls", "-q").split()]
        return found + [f"network {name}" for name in self._networks()]

    def clean(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.podman("pod", "rm", "--all", "--force", "--time", "0")
        with contextlib.suppress(RuntimeError):
            self.podman("rm", "--all", "--force", "--time", "0")
        for network in self._networks():
            self.podman("network", "rm", network)

    def remove(self) -> None:
        self.clean()
        self.kill()
        for mount in _mounts_below(self.folder):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(self.folder)
        for host in {*self.hosts}:
            name = f"tisktask-{host_tag(host)}"
            for group in [Path("/sys/fs/cgroup", name), *Path("/sys/fs/cgroup").glob(f"*/{name}")]:
                _remove_groups(group)

    def import_images(self) -> None:
        archive = self.folder / "image.tar"
        archive.write_bytes(busybox_tar())
        self.podman("import", "--change", "ENV PATH=/bin", str(archive), IMAGE)
        changes = ["ENV PATH=/bin", "ENV COLOUR=green", 'ENTRYPOINT ["/bin/false"]', 'CMD ["x"]']
        changes += ["WORKDIR /srv/place", "USER 1000", "VOLUME /data"]
        options = [word for change in changes for word in ("--change", change)]
        self.podman("import", *options, str(archive), OPINIONATED_IMAGE)
        archive.unlink()

    def _networks(self) -> list[str]:
        names: list[str] = []
        for host in {HOST, *self.hosts}:
            names += self.podman("network", "ls", "-q", "--filter", f"label=tisktask.host={host}").split()
        return names

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("podman", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.connect(str(self.socket))
            connection.request("GET", "/v4.0.0/libpod/_ping")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@dataclass
class Pods:
    """Makes pods for one test, and removes them after it."""

    engine: Engine
    folder: Path
    made: list[Pod] = field(default_factory=list)
    #: Of the orders' fields. Quicker without a network: tests of the network ask for it.
    defaults: dict[str, object] = field(default_factory=lambda: {"network": False})

    def spec(self, name: str, *command: str, **changes: object) -> PodSpec:
        order: dict[str, object] = {
            "name": name,
            "labels": {"tisktask.job": name},
            "image": IMAGE,
            "command": list(command),
            "environment": {},
            "limits": Limits(),
            "log_path": self.folder / f"{name}.log",
            "mounts": list[Mount](),
        }
        return PodSpec(**{**order, **self.defaults, **changes})  # type: ignore[arg-type]

    async def create(self, name: str, *command: str, **changes: object) -> Pod:
        pod = await self.engine.create(self.spec(name, *command, **changes))
        self.made.append(pod)
        return pod

    async def sh(self, name: str, script: str, **changes: object) -> Pod:
        """A pod that runs a shell script; started."""
        pod = await self.create(name, "/bin/sh", "-c", script, **changes)
        await self.engine.start(pod)
        return pod

    async def output(self, name: str, script: str, **changes: object) -> str:
        """What a shell script printed, when it has ended."""
        pod = await self.sh(name, script, **changes)
        await self.engine.wait(pod)
        return log_text(pod)


def log_text(pod: Pod) -> str:
    """The program's output out of a k8s-file log."""
    if not pod.log_path.exists():
        return ""
    pieces: list[str] = []
    for line in pod.log_path.read_text().splitlines():
        _, _, kind, text = line.split(" ", 3)
        pieces.append(text + ("\n" if kind == "F" else ""))
    return "".join(pieces)


async def until(pod: Pod, text: str, seconds: float = 20) -> None:
    """Wait until the program has printed something."""
    deadline = time.monotonic() + seconds
    while text not in log_text(pod):
        assert time.monotonic() < deadline, f"{text!r} is not in {log_text(pod)!r}"
        await asyncio.sleep(0.01)


@pytest.fixture(scope="session")
def podman_host() -> Iterator[PodmanHost]:
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed")
    # Not pytest's tmp_path: its names are too long for sockets and overlay options.
    host = PodmanHost(Path(tempfile.mkdtemp(prefix="tt-podman-", dir="/tmp")))
    try:
        host.start()
        host.import_images()
        yield host
        leftovers = host.leftovers()
    finally:
        print((host.folder / "service.log").read_text()[-5000:])
        host.remove()
    assert not leftovers, f"tests have left behind: {leftovers}"


@pytest.fixture
async def engine(podman_host: PodmanHost) -> AsyncIterator[Engine]:
    async with open_engine(podman_host.place()) as opened:
        yield opened


@pytest.fixture
async def pods(engine: Engine, podman_host: PodmanHost) -> AsyncIterator[Pods]:
    folder = Path(tempfile.mkdtemp(prefix="logs-", dir=podman_host.folder))
    made = Pods(engine, folder)
    yield made
    for pod in made.made:
        await engine.remove(pod)


def _mounts_below(folder: Path) -> list[str]:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return sorted((mount for mount in mounts if mount.startswith(f"{folder}/")), reverse=True)


def _remove_groups(group: Path) -> None:
    """Empty control groups only: another session may have the same host's name."""
    for path in [*sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True), group]:
        with contextlib.suppress(OSError):
            path.rmdir()


def kill_process(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
