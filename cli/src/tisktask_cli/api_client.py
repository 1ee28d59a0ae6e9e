"""The server's API from a terminal: single requests and Server-Sent Events. Standard library only: it starts fast."""

import http.client
import json
import socket
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tisktask_cli.errors import CommandError, Exit

TIMEOUT_SECONDS = 30.0
#: A part that is just starting answers 503: worth a little patience.
_PATIENCE_SECONDS = 8.0
#: The server sends a sign of life at least every 15 s.
_STREAM_SILENCE_SECONDS = 45.0


class NotReachedError(CommandError):
    """Nobody has answered."""


@dataclass(frozen=True)
class Answer:
    """An HTTP answer that was read whole."""

    status: int
    body: bytes

    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise CommandError("the server's answer is not JSON: is the address right?", Exit.UNREACHABLE) from error

    @property
    def problem(self) -> str:
        """Say what the server found wrong."""
        try:
            return str(json.loads(self.body)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            return f"HTTP status {self.status}"


@dataclass(frozen=True)
class Server:
    """A running Tisktask: where, and with which token."""

    url: str
    token: str
    ingest_url: str = ""

    def get(self, path: str, **query: Any) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        return self._call("GET", f"{path}?{urlencode(given)}" if given else path)

    def get_patiently(self, path: str, seconds: float) -> Any:
        """Get what takes its time."""
        return self._call("GET", path, seconds=seconds)

    def post(self, path: str, body: Any = None, seconds: float = TIMEOUT_SECONDS) -> Any:
        """Ask for something to be done; `seconds` is how long that may take."""
        return self._call("POST", path, body if body is not None else {}, seconds)

    def patch(self, path: str, body: Any) -> Any:
        return self._call("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def text(self, path: str) -> bytes:
        answer = _exchange(self.url, "GET", f"/api/v1{path}", self._headers, None)
        _refuse_problem(answer)
        return answer.body

    def stream(self, path: str) -> Iterator[tuple[str, Any]]:
        """Yield events (name, data) until the server ends the stream."""
        connection = _connect(self.url, _STREAM_SILENCE_SECONDS)
        try:
            with _reaching(self.url):
                connection.request("GET", f"{_prefix(self.url)}/api/v1{path}", headers=self._headers)
                response = connection.getresponse()
            if response.status != 200:
                _refuse_problem(Answer(response.status, response.read()))
            yield from _read_events(response)
        except (OSError, http.client.HTTPException) as error:
            raise CommandError(f"the connection to {self.url} broke: {_reason(error)}", Exit.UNREACHABLE) from error
        finally:
            connection.close()

    def _call(self, method: str, path: str, body: Any = None, seconds: float = TIMEOUT_SECONDS) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if data is not None else {})
        answer = patient_exchange(self.url, method, f"/api/v1{path}", headers, data, seconds)
        _refuse_problem(answer)
        return answer.json()

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}


def segment(text: str) -> str:
    """Make one segment of a path of any text."""
    return quote(text, safe="")


def patient_exchange(
    url: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
    seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    """Ask; ask again for a while if the server says that a part of it is not there yet."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        answer = _exchange(url, method, path, headers, body, seconds)
        if answer.status != 503 or time.monotonic() > deadline:
            return answer
        time.sleep(0.3)


def _exchange(
    url: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes | None,
    seconds: float = TIMEOUT_SECONDS,
) -> Answer:
    connection = _connect(url, seconds)
    try:
        with _reaching(url):
            connection.request(method, _prefix(url) + path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
    finally:
        connection.close()


@contextmanager
def _reaching(url: str) -> Generator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        raise NotReachedError(
            f"can not reach {url}: {_reason(error)}. Is it running, and is the address right?", Exit.UNREACHABLE
        ) from error


def _connect(url: str, timeout_seconds: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=timeout_seconds)


def _prefix(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "the name is not known"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return str(error) or type(error).__name__


def _refuse_problem(answer: Answer) -> None:
    if answer.status < 400:
        return
    if answer.status == 401:
        raise CommandError("the server refuses the token: set TISKTASK_TOKEN to its admin token", Exit.USAGE)
    if answer.status in {502, 503, 504}:
        raise CommandError(answer.problem, Exit.UNREACHABLE)
    # 409: it is there, but not in the state for that.
    raise CommandError(answer.problem, Exit.USAGE if answer.status < 500 and answer.status != 409 else Exit.FAILED)


def _read_events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    name, data = "message", ""
    while line := response.readline():
        text = line.decode().rstrip("\r\n")
        field, _, value = text.partition(":")
        if not text:
            if data:
                yield name, json.loads(data)
            name, data = "message", ""
        elif field == "event":
            name = value.strip()
        elif field == "data":
            data += value.removeprefix(" ")
