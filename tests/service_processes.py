"""The services as processes of their own on one bus and one database, started and killed as a test wants it."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp

from ingest_payloads import Post
from logstream_stand import TOKEN
from nats_server import NatsServer, free_port
from orchestrator_stage import MASTER_KEY

#: A machine that is busy with other things may need so long to start them all.
START_SECONDS = 50.0
SERVICES = ("ingest", "orchestrator", "reporter", "logstream")


@dataclass
class ServiceProcesses:
    """Ports, folders and data outlive the processes."""

    folder: Path
    nats: NatsServer
    database_url: str
    http: aiohttp.ClientSession
    settings: dict[str, str] = field(default_factory=dict[str, str])
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in SERVICES})
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict[str, "subprocess.Popen[bytes]"])

    def start(self, *names: str) -> None:
        for name in names:
            environment = (
                os.environ
                | self.settings
                | {
                    "TISKTASK_LISTEN": f"127.0.0.1:{self.ports[name]}",
                    "TISKTASK_NATS_URL": self.nats.url,
                    "TISKTASK_NATS_USER": name,
                    "TISKTASK_DATABASE_URL": self.database_url,
                    "TISKTASK_STATE_DIR": str(self.folder / name),
                    "TISKTASK_MASTER_KEY": MASTER_KEY,
                    "TISKTASK_ADMIN_TOKEN": TOKEN,
                }
            )
            with (self.folder / f"{name}.log").open("ab") as output:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", f"tisktask_{name}"], env=environment, stdout=output, stderr=output
                )

    def end(self, *names: str, number: int = signal.SIGKILL) -> None:
        for name in names:
            process = self.processes.pop(name)
            process.send_signal(number)
            process.wait(20)

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    async def readiness(self, name: str) -> tuple[int, dict[str, Any]]:
        try:
            async with self.http.get(f"{self.url(name)}/readyz") as answer:
                return answer.status, await answer.json()
        except aiohttp.ClientError:
            return 0, {}

    async def are_ready(self, *names: str) -> bool:
        for name in names or SERVICES:
            if name in self.processes and self.processes[name].poll() is not None:
                raise AssertionError(f"{name} has ended:\n{self.log_of(name)[-3000:]}")
        return all([(await self.readiness(name))[0] == 200 for name in names or SERVICES])

    async def deliver(self, post: Post) -> tuple[int, dict[str, Any]]:
        url = self.url("ingest") + post.path
        async with self.http.post(url, data=BytesIO(post.body), headers=post.headers) as reply:
            return reply.status, await reply.json()

    async def api(self, path: str) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self.http.get(f"{self.url('logstream')}/api/v1{path}", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


@asynccontextmanager
async def service_processes(folder: Path, nats: NatsServer, database_url: str) -> AsyncIterator[ServiceProcesses]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
        services = ServiceProcesses(folder, nats, database_url, http)
        try:
            yield services
        finally:
            services.end(*list(services.processes))
