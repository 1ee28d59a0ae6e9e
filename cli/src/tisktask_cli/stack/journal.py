"""One readable stream of what all processes of the stack say, as text for people or JSON for machines."""

import asyncio
import json
import os
import re
import sys
from datetime import UTC, datetime
from typing import IO, Any, Literal

LogFormat = Literal["text", "json"]

#: A longer line is cut into several.
LINE_BYTES_MAX = 64 * 1024

_LEVELS = {"debug": "\x1b[2m", "info": "", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_RESET, _DIM = "\x1b[0m", "\x1b[2m"
#: Shown in front of the others, or not at all in text.
_HEADER = {"timestamp", "level", "service", "event", "exception"}
#: nats-server: `[pid] 2026/01/31 12:00:00.000000 [INF] message`; PostgreSQL: `... LOG:  message`.
_NATS_LINE = re.compile(r"^\[\d+\] \S+ \S+ \[(?P<level>[A-Z]{3})\] (?P<event>.*)$")
_POSTGRES_LINE = re.compile(r"^\S+ \S+ \S+ (?:\[\d+\] )?(?P<level>[A-Z0-9]+):  (?P<event>.*)$")
_FOREIGN_LEVELS = {
    "DBG": "debug",
    # nats-server tells twenty lines about itself at each start.
    "INF": "debug",
    "TRC": "debug",
    "WRN": "warning",
    "ERR": "error",
    "FTL": "critical",
    "WARNING": "warning",
    "ERROR": "error",
    "FATAL": "error",
    "PANIC": "critical",
}


class Journal:
    """Writes records to one stream."""

    def __init__(self, form: LogFormat, stream: IO[str] | None = None) -> None:
        self._form: LogFormat = form
        self._stream = stream or sys.stdout
        self._colours = self._stream.isatty() and "NO_COLOR" not in os.environ
        self._is_broken = False

    @property
    def is_text(self) -> bool:
        return self._form == "text"

    def say(self, event: str, level: str = "info", **fields: Any) -> None:
        """Write a record of the stack's own."""
        self.write({"timestamp": _now(), "level": level, "service": "tisktask", "event": event, **fields})

    def print(self, text: str) -> None:
        """Write lines for people; in JSON there are none."""
        if self.is_text:
            self._put(text)

    def write(self, record: dict[str, Any]) -> None:
        if self.is_text and record["level"] == "debug":
            return
        self._put(json.dumps(record, default=str) if not self.is_text else render(record, colours=self._colours))

    def _put(self, text: str) -> None:
        if self._is_broken:
            return
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            # Nobody reads any more (`tisktask up | head`): the stack goes on, in silence.
            self._is_broken = True


class LinePump(asyncio.Protocol):
    """Takes a process's output and writes its lines to the journal."""

    def __init__(self, journal: Journal, name: str) -> None:
        self._journal = journal
        self._name = name
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._pass_on(line)
        while len(self._rest) >= LINE_BYTES_MAX:
            self._pass_on(self._rest[:LINE_BYTES_MAX])
            self._rest = self._rest[LINE_BYTES_MAX:]

    def connection_lost(self, exc: Exception | None) -> None:
        _ = exc
        if self._rest:
            self._pass_on(self._rest)
            self._rest = b""

    def _pass_on(self, line: bytes) -> None:
        for start in range(0, len(line), LINE_BYTES_MAX):
            self._journal.write(read_line(self._name, line[start : start + LINE_BYTES_MAX]))


def read_line(name: str, line: bytes) -> dict[str, Any]:
    """Make a record of any line: our services' JSON, the servers' own forms, or plain words."""
    text = line.decode(errors="replace").rstrip("\r")
    record = _read_json(text)
    if record is None:
        foreign = _NATS_LINE.match(text) or _POSTGRES_LINE.match(text)
        level = _FOREIGN_LEVELS.get(foreign["level"], "info") if foreign else "info"
        record = {"event": foreign["event"] if foreign else text, "level": level}
    record["service"] = name
    record.setdefault("level", "info")
    record.setdefault("event", "")
    record.setdefault("timestamp", _now())
    return record


def render(record: dict[str, Any], *, colours: bool) -> str:
    """Write a record as a line for people: local time, who, what, details."""
    level = str(record["level"])
    colour = _LEVELS.get(level, "") if colours else ""
    marks = {"warning": "! ", "error": "!! ", "critical": "!! "}
    parts = [
        f"{_DIM if colours else ''}{_clock(record['timestamp'])}{_RESET if colours else ''}",
        f"{record['service']:<14}",
        f"{colour}{marks.get(level, '')}{_safe(str(record['event']))}{_RESET if colour else ''}",
        *(f"{key}={_value(value)}" for key, value in record.items() if key not in _HEADER),
    ]
    line = " ".join(parts)
    if trace := record.get("exception"):
        line += "\n" + "\n".join(f"    {_safe(part)}" for part in str(trace).splitlines())
    return line


def _read_json(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return _safe(text) if text and " " not in text else json.dumps(text, ensure_ascii=False)


def _safe(text: str) -> str:
    """Take away what could move the cursor: some of it comes from outside."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _clock(timestamp: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(timestamp))
    except ValueError:
        return str(timestamp)[:12]
    return moment.astimezone().strftime("%H:%M:%S.%f")[:12]


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
