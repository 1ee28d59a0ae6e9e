"""What libpod knows of a container."""

import asyncio
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tisktask_runner.engine.libpod import Libpod, LibpodError

#: libpod's answer if the process ends between its look at the container and its look at the process.
_DIED_UNDER_LOOK = "no such process"
_INSPECT_TRIES = 20
_INSPECT_PAUSE_SECONDS = 0.02
_MADE = "initialized"
_CONFIGURED = frozenset({"created", "configured"})


@dataclass(frozen=True)
class ContainerState:
    """What libpod knows of a container."""

    status: str
    exit_code: int
    out_of_memory: bool
    started_at: datetime | None
    finished_at: datetime | None
    conmon_pid: int
    #: Of its first process, also before the program is executed; kept when that has ended. 0: it never had one.
    pid: int

    @property
    def is_before_start(self) -> bool:
        """A host's restart makes it so again: then there is a time of start."""
        return self.status in {_MADE, *_CONFIGURED}

    @property
    def never_started(self) -> bool:
        """As far as libpod knows."""
        return self.is_before_start and self.started_at is None

    @property
    def has_gone_unseen(self) -> bool:
        """Its first process has ended, and libpod knows of no start: it was cleaned up without a look at the end."""
        return self.status in _CONFIGURED and self.started_at is None and self.pid > 0

    @property
    def is_made(self) -> bool:
        """Its first process waits for the word to execute the program: libpod has not noticed that it got it."""
        return self.status == _MADE and self.started_at is None


async def container_state(libpod: Libpod, container_id: str) -> ContainerState | None:
    """Ask libpod; None: there is no such container."""
    for tries_left in reversed(range(_INSPECT_TRIES)):
        try:
            body = await libpod.get(f"/containers/{container_id}/json")
        except LibpodError as error:
            if error.status == 404:
                return None
            if not tries_left or _DIED_UNDER_LOOK not in error.cause:
                raise
            await asyncio.sleep(_INSPECT_PAUSE_SECONDS)
        else:
            return _read_state(body["State"])
    raise AssertionError  # the loop ends by return


def _read_state(state: dict[str, Any]) -> ContainerState:
    return ContainerState(
        status=state["Status"],
        exit_code=int(state["ExitCode"]),
        out_of_memory=bool(state.get("OOMKilled")),
        started_at=read_time(state["StartedAt"]),
        finished_at=read_time(state["FinishedAt"]),
        conmon_pid=int(state.get("ConmonPid", 0)),
        pid=int(state.get("Pid", 0)),
    )


def read_time(text: str) -> datetime | None:
    """Read Go's time: nine digits of a second, and the year 1 for never."""
    if text.startswith("0001-"):
        return None
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
