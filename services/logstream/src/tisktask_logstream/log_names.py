"""What a log is called: on the bus, on disk, in the program."""

import re
from dataclasses import dataclass
from pathlib import Path

from tisktask_common.errors import InfrastructureError
from tisktask_common.ids import JobId, RunId

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class LogName:
    """One attempt of one job has one log."""

    run: RunId
    job: JobId
    attempt: int

    def path(self, folder: Path) -> Path:
        return folder / self.run / f"{self.job}.{self.attempt}.log"


@dataclass(frozen=True)
class Address:
    """A log and the runner host that sends it, as the subject says and the bus's permissions warrant."""

    runner: str
    log: LogName


def read_subject(subject: str) -> Address:
    """Read `log.<runner>.<run>.<job>.<attempt>`. Its tokens become names of files: only harmless ones pass."""
    tokens = subject.split(".")
    if len(tokens) != 5 or not all(_TOKEN.fullmatch(token) for token in tokens[2:4]):
        raise InfrastructureError(f"{subject[:200]} does not name a log")
    if not re.fullmatch(r"[1-9][0-9]{0,5}", tokens[4]):
        raise InfrastructureError(f"{subject[:200]} does not name an attempt")
    return Address(tokens[1], LogName(RunId(tokens[2]), JobId(tokens[3]), int(tokens[4])))
