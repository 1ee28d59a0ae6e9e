"""What a log is called: on the bus, on disk, in the program."""

import re
from dataclasses import dataclass
from pathlib import Path

from tisktask_common.errors import InfrastructureError
from tisktask_common.ids import JobId, RunId

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_ATTEMPT = re.compile(r"[1-9][0-9]{0,5}")
#: Of a container beside the job: what the runner allows, and safe as a part of a file's name.
CONTAINER_PATTERN = r"[a-z0-9][a-z0-9_-]{0,31}"
_CONTAINER = re.compile(CONTAINER_PATTERN)


@dataclass(frozen=True)
class LogName:
    """One attempt of one job has one log of its own, and one of each container beside it."""

    run: RunId
    job: JobId
    attempt: int
    container: str = ""

    def path(self, folder: Path) -> Path:
        beside = f".{self.container}" if self.container else ""
        return folder / self.run / f"{self.job}.{self.attempt}{beside}.log"


@dataclass(frozen=True)
class Address:
    """A log and the runner host that sends it, as the subject says and the bus's permissions warrant."""

    runner: str
    log: LogName


def read_subject(subject: str) -> Address:
    """Read `log.<runner>.<run>.<job>.<attempt>[.<container>]`; only what is harmless as a file's name passes."""
    tokens = subject.split(".")
    if len(tokens) not in {5, 6} or not all(_TOKEN.fullmatch(token) for token in tokens[2:4]):
        raise InfrastructureError(f"{subject[:200]} does not name a log")
    if not _ATTEMPT.fullmatch(tokens[4]):
        raise InfrastructureError(f"{subject[:200]} does not name an attempt")
    if len(tokens) == 6 and not _CONTAINER.fullmatch(tokens[5]):
        raise InfrastructureError(f"{subject[:200]} does not name a container")
    return Address(tokens[1], LogName(RunId(tokens[2]), JobId(tokens[3]), int(tokens[4]), "".join(tokens[5:])))


def own_subjects(name: LogName) -> str:
    """Write the filter of this log's messages alone, whoever sent them: a container's have one token more."""
    beside = f".{name.container}" if name.container else ""
    return f"log.*.{name.run}.{name.job}.{name.attempt}{beside}"


def read_path(path: Path) -> LogName | None:
    """Read the name of a log from that of its file; None: it is none of ours."""
    job, *rest = path.name.removesuffix(".log").split(".")
    if path.suffix != ".log" or len(rest) not in {1, 2} or not _ATTEMPT.fullmatch(rest[0]):
        return None
    return LogName(RunId(path.parent.name), JobId(job), int(rest[0]), "".join(rest[1:]))
