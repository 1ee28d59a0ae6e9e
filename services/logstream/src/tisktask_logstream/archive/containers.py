"""Which containers beside a job have logs: their files say so at once, the database a little later."""

import os
from pathlib import Path

from tisktask_logstream.log_names import LogName, read_path


def list_container_logs(folder: Path, run: str, job: str) -> list[LogName]:
    """List the logs of a job's containers, by attempt and name. Called from threads."""
    try:
        with os.scandir(folder / run) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(f"{job}.")]
    except FileNotFoundError:
        return []
    logs = [log for name in names if (log := read_path(folder / run / name)) and log.container]
    return sorted(logs, key=lambda log: (log.attempt, log.container))
