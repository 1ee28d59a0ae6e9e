"""Follows a job's log over the API to its end, also when the connection or the server is lost in between."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tisktask_cli.api_client import NotReachedError, Server, segment
from tisktask_cli.errors import CommandError, Exit

#: How long a server may be away.
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class LogOf:
    """Whose log: a job's own, or that of a container beside it; of the newest attempt if none is named."""

    job_id: str
    attempt: int | None = None
    container: str = ""

    @property
    def path(self) -> str:
        return f"/jobs/{segment(self.job_id)}/log"

    @property
    def query(self) -> dict[str, str]:
        given = {"attempt": str(self.attempt or ""), "container": self.container}
        return {name: value for name, value in given.items() if value}


def follow_lines(server: Server, wanted: LogOf) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log from its first on; one that still grows comes again."""
    following = 1
    deadline = time.monotonic() + _PATIENCE_SECONDS
    is_first = True
    while True:
        try:
            for event, data in server.stream(
                f"{wanted.path}/stream?{urlencode({'from_line': following, **wanted.query})}"
            ):
                if event == "end":
                    return
                for line in data["lines"] if event == "line" else [data]:
                    deadline = time.monotonic() + _PATIENCE_SECONDS
                    following = line["n"] if line["partial"] else line["n"] + 1
                    yield line
        except CommandError as error:
            # A server that was there comes back; one that never was is at another address.
            is_patient = not (is_first and isinstance(error, NotReachedError))
            if error.exit_code != Exit.UNREACHABLE or time.monotonic() > deadline or not is_patient:
                raise
        is_first = False
        if time.monotonic() > deadline:
            raise CommandError("the log stream ends again and again before its end", Exit.UNREACHABLE)
        time.sleep(0.5)


def text_of(line: dict[str, Any]) -> str:
    return f"[{line['missing_bytes']} bytes of the log are lost]" if line["s"] == "gap" else str(line["text"])
