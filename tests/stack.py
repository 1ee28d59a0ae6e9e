"""A whole Tisktask on this machine, as `tisktask up` starts it, for tests that push and look at what becomes of it."""

import json
import os
import signal
import subprocess
import sysconfig
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from nats_server import free_port

Found = TypeVar("Found")

COMMAND = Path(sysconfig.get_path("scripts")) / "tisktask"
ENDS = {"succeeded", "failed", "errored", "cancelled", "timed_out", "skipped"}


@dataclass
class Stack:
    """One `tisktask up` with its data directory."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    runners: int = 1
    port: int = field(default_factory=free_port)
    ingest_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ingest_url(self) -> str:
        return f"http://127.0.0.1:{self.ingest_port}"

    @property
    def log_path(self) -> Path:
        return self.data.with_name(f"{self.data.name}.log")

    @property
    def token(self) -> str:
        return (self.data / "keys" / "admin-token").read_text().strip()

    def start(self, seconds_max: float = 90) -> float:
        """Start and return the seconds until both ports were ready."""
        began = time.monotonic()
        arguments = ["--data-dir", self.data, "--port", self.port, "--ingest-port", self.ingest_port]
        with self.log_path.open("ab") as output:
            self.process = subprocess.Popen(
                [COMMAND, "up", *map(str, arguments), "--runners", str(self.runners), "--log-format", "json"],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | self.environment,
                cwd=self.data.parent,
            )
        for url in (self.url, self.ingest_url):
            while not _is_ready(url):
                if self.process.poll() is not None or time.monotonic() - began > seconds_max:
                    raise RuntimeError(f"the stack did not become ready:\n{self.log_tail()}")
                time.sleep(0.05)
        return time.monotonic() - began

    def stop(self) -> int:
        """End it as Ctrl-C does; returns the exit code."""
        if not self.process:
            return 0
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise RuntimeError(f"the stack did not stop:\n{self.log_tail()}") from None
        finally:
            self.process = None

    def log_tail(self) -> str:
        return self.log_path.read_text(errors="replace")[-6000:]

    def log_lines(self) -> Iterator[dict[str, Any]]:
        for line in self.log_path.read_text(errors="replace").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue

    def cli(self, *arguments: str | Path, code: int = 0) -> str:
        """Run a `tisktask` command as a user of this machine would; returns what it prints."""
        done = subprocess.run(
            [COMMAND, "--data-dir", str(self.data), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"NO_COLOR": "1"},
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def api(self, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
        data = self.raw(path, method, body)
        return json.loads(data) if data else None

    def raw(self, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> bytes:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.read()

    def runs(self, repository: str, sha: str) -> list[dict[str, Any]]:
        return self.api(f"/runs?{urllib.parse.urlencode({'repository': repository, 'sha': sha})}")["items"]

    def wait_for_run(self, repository: str, sha: str, seconds_max: float = 60) -> dict[str, Any]:
        """Wait until the newest run of the commit has ended; returns it."""

        def ended() -> dict[str, Any] | None:
            runs = self.runs(repository, sha)
            return runs[0] if runs and runs[0]["state"] in ENDS else None

        return wait_for(ended, seconds_max, lambda: f"{self.runs(repository, sha)}\n{self.log_tail()}")

    def wait_for_log(self, job: str, seconds_max: float = 60) -> bytes:
        """Wait until the log is complete; returns its bytes."""

        def complete() -> bool:
            return bool(self.api(f"/jobs/{job}/log?from_line=1&lines=1")["complete"])

        wait_for(complete, seconds_max, lambda: f"log of {job} is not complete\n{self.log_tail()}")
        return self.raw(f"/jobs/{job}/log")


def job_named(run: dict[str, Any], name: str) -> dict[str, Any]:
    return next(job for job in run["jobs"] if job["name"] == name)


def wait_for(look: Callable[[], Found | None], seconds_max: float, explain: Callable[[], str]) -> Found:
    """Look until there is something; fail with an explanation when the time is over."""
    deadline = time.monotonic() + seconds_max
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds_max} s in vain: {explain()}")
        time.sleep(0.03)
    return found


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False
