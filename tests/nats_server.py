"""A real nats-server in a temporary folder, for tests: started in milliseconds, killed at the end."""

import socket
import subprocess
import sysconfig
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

CONFIG = """
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor}"
max_payload: 1MB
jetstream {{ store_dir: "{store}", sync_interval: {sync}, max_file_store: 20GB, max_memory_store: 64MB }}
feature_flags {{ js_ack_fc_v2: false }}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def two_free_ports() -> tuple[int, int]:
    """Choose two that differ: one after the other, the system may give the same again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1], free_port()


@dataclass
class NatsServer:
    """Starts, kills (-9) and starts again on the same port and store."""

    folder: Path
    port: int
    monitor: int
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(cls, folder: Path, sync: str = "always") -> "NatsServer":
        server = cls(folder, *two_free_ports())
        folder.mkdir(parents=True, exist_ok=True)
        text = CONFIG.format(port=server.port, monitor=server.monitor, store=folder / "store", sync=sync)
        (folder / "nats.conf").write_text(text)
        return server

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        binary = Path(sysconfig.get_path("scripts")) / "nats-server"
        with (self.folder / "nats.log").open("ab") as output:
            self.process = subprocess.Popen(
                [binary, "-c", self.folder / "nats.conf"], stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + 15
        while not self._is_healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "nats.log").read_text()[-2000:])
            time.sleep(0.02)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.monitor}/healthz?js-enabled-only=true", timeout=1
            ) as reply:
                return reply.status == 200
        except (urllib.error.URLError, OSError):
            return False
