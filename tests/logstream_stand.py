"""A whole logstream process on real NATS and PostgreSQL, and a client of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import jsonschema

from logstream_records import Records
from nats_server import NatsServer, free_port

TOKEN = "the-admin-token-of-the-tests"


@dataclass
class Logstream:
    """The process; it may be killed and started again on the same state."""

    state_dir: Path
    nats: NatsServer
    records: Records
    port: int = field(default_factory=free_port)
    options: dict[str, str] = field(default_factory=dict[str, str])
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.state_dir / "logstream.out"

    def start(self) -> None:
        environment = {
            **os.environ,
            "TISKTASK_LISTEN": f"127.0.0.1:{self.port}",
            "TISKTASK_STATE_DIR": str(self.state_dir),
            "TISKTASK_ADMIN_TOKEN": TOKEN,
            "TISKTASK_NATS_URL": self.nats.url,
            "TISKTASK_NATS_USER": "logstream",
            "TISKTASK_DATABASE_URL": self.records.url,
            **self.options,
        }
        self.state_dir.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tisktask_logstream"], stdout=output, stderr=subprocess.STDOUT, env=environment
            )

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        status = self.process.wait(20)
        self.process = None
        return status

    async def until_ready(self) -> None:
        async with asyncio.timeout(20), Client(self.url) as client:
            while True:
                if self.process is None or self.process.poll() is not None:
                    raise RuntimeError(self.log_file.read_text()[-3000:])
                try:
                    async with client.http.get("/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Event:
    """One Server-Sent Event."""

    kind: str
    id: str
    data: Any


class Client:
    """Speaks to the API as the admin."""

    def __init__(self, url: str, token: str | None = TOKEN) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        self.http = aiohttp.ClientSession(self.url, headers=self.headers, connector=connector, timeout=timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def get(self, path: str, **query: Any) -> Any:
        async with self.http.get(path, params=query) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def status_and_error(self, method: str, path: str, **options: Any) -> tuple[int, str, str]:
        async with self.http.request(method, path, **options) as answer:
            error = (await answer.json())["error"]
            return answer.status, error["code"], error["message"]

    async def events(self, path: str, last_id: int | None = None) -> AsyncGenerator[Event, None]:
        """Listen to a stream until it ends."""
        headers = {} if last_id is None else {"Last-Event-ID": str(last_id)}
        async with self.http.get(path, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            fields: dict[str, str] = {}
            async for raw in _lines(answer):
                line = raw.decode()
                if line:
                    name, _, value = line.partition(":")
                    fields[name] = value.removeprefix(" ")
                elif "event" in fields:
                    yield Event(fields["event"], fields.get("id", ""), json.loads(fields["data"]))
                    fields = {}


async def _lines(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in answer.content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line


async def get_valid(client: Client, path: str, template: str, **query: Any) -> Any:
    """Read an answer and check it against the OpenAPI document that the same server gives."""
    document = await client.get("/api/v1/openapi.json")
    answer = await client.get(path, **query)
    described = document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema = {**described, "components": document["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer)
    return answer


async def collect(client: Client, job: str, last_id: int | None = None) -> list[Event]:
    """Follow a log to its end."""
    return [event async for event in client.events(f"/api/v1/jobs/{job}/log/stream", last_id)]


def whole_lines(events: list[Event]) -> list[tuple[int, str]]:
    """Number and text of every line that will not change any more, in the order of their coming."""
    return [
        (line["n"], line["text"])
        for event in events
        if event.kind == "line"
        for line in event.data["lines"]
        if not line["partial"]
    ]


def assert_all_lines_once(events: list[Event], count: int) -> None:
    """Every line of a `numbered` log has come once and in order."""
    assert whole_lines(events) == [(number, f"line {number} of the log") for number in range(1, count + 1)]


async def until(condition: Any, seconds: float = 20) -> Any:
    """Wait until an async condition gives something true."""
    async with asyncio.timeout(seconds):
        while True:
            if value := await condition():
                return value
            await asyncio.sleep(0.02)
