"""A small client of libpod's HTTP API on a Unix socket: JSON in, JSON out, errors with libpod's own words."""

import asyncio
import json
import socket
import struct
from pathlib import Path
from typing import Any

import aiohttp

from tisktask_common.errors import InfrastructureError
from tisktask_runner.engine.namespaces import MissingNamespace, missing_namespace, restore

#: The oldest API that Podman 4 and 5 both answer: one place to change.
API_VERSION = "v4.0.0"
CALL_SECONDS_MAX = 60.0
#: A Podman that does not answer the shortest question in this time hangs.
PING_SECONDS_MAX = 2.0
#: Pods that are mended for one call: each is named only when the one before it is well again.
_MENDED_MAX = 50
#: 304: it is in that state already.
_DONE = frozenset({200, 201, 204, 304})

Parameter = str | int | bool


class EngineError(InfrastructureError):
    """Podman did not do what it was asked."""

    code = "engine"


class EngineAwayError(EngineError):
    """Podman does not answer."""

    code = "engine_unavailable"


class LibpodError(EngineError):
    """Podman answered with an error."""

    def __init__(self, call: str, status: int, cause: str) -> None:
        super().__init__(f"podman: {call}: {cause} (status {status})")
        self.status = status
        self.cause = cause


class Libpod:
    """One Podman. Calls are bounded in time and can be made at the same time."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._shares_processes: bool | None = None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(path=str(socket), limit=64),
            timeout=aiohttp.ClientTimeout(total=CALL_SECONDS_MAX),
        )

    async def close(self) -> None:
        await self._session.close()

    async def shares_processes(self) -> bool:
        """Whether Podman's processes (and so every conmon) have numbers that mean something here."""
        if self._shares_processes is None:
            self._shares_processes = await asyncio.to_thread(_peer_process, self.socket) > 0
        return self._shares_processes

    async def ping(self) -> None:
        """Ask the shortest question; raises EngineError, also if Podman is there but hangs."""
        try:
            async with asyncio.timeout(PING_SECONDS_MAX):
                await self._call_once("GET", "/_ping", {})
        except TimeoutError as error:
            raise EngineAwayError(f"podman does not answer on {self.socket} for {PING_SECONDS_MAX:g} s") from error

    async def get(self, path: str, /, **parameters: Parameter) -> Any:
        return await self.call("GET", path, parameters)

    async def post(self, path: str, body: Any = None, /, **parameters: Parameter) -> Any:
        return await self.call("POST", path, parameters, body)

    async def delete(self, path: str, /, **parameters: Parameter) -> Any:
        return await self.call("DELETE", path, parameters)

    async def call(self, method: str, path: str, parameters: dict[str, Parameter], body: Any = None) -> Any:
        """Call and return the decoded reply, None if it is no JSON; raises LibpodError or EngineAwayError.

        A pod that has lost its network namespace is in the way of all others, so it is mended first.
        """
        for _ in range(_MENDED_MAX):
            try:
                return await self._call_once(method, path, parameters, body)
            except LibpodError as error:
                missing = missing_namespace(error.cause)
                if missing is None or not await self._restore(missing):
                    raise
        return await self._call_once(method, path, parameters, body)

    async def _restore(self, missing: MissingNamespace) -> bool:
        found = await self._call_once("GET", f"/containers/{missing.container}/json", {})
        return await asyncio.to_thread(restore, missing, found["State"]["Pid"])

    async def _call_once(self, method: str, path: str, parameters: dict[str, Parameter], body: Any = None) -> Any:
        name = f"{method} {path}"
        try:
            async with self._session.request(
                method,
                f"http://podman/{API_VERSION}/libpod{path}",
                params={key: _as_text(value) for key, value in parameters.items()},
                json=body,
            ) as reply:
                data = await reply.read()
        except (aiohttp.ClientError, OSError) as error:
            raise EngineAwayError(f"podman does not answer on {self.socket}: {name}: {error!r}") from error
        if reply.status not in _DONE:
            raise LibpodError(name, reply.status, _cause(data))
        return json.loads(data) if data.strip() and reply.content_type == "application/json" else None


def _peer_process(path: Path) -> int:
    """Number of the process that listens; 0: it is in a PID namespace that can not be seen from ours."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError as error:
            raise EngineAwayError(f"podman does not answer on {path}: {error}") from error
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[0]


def _as_text(value: Parameter) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cause(data: bytes) -> str:
    try:
        body = json.loads(data)
    except ValueError:
        return data[:2000].decode(errors="replace").strip()
    return str(body.get("message") or body.get("cause") or body)
