"""Whether the disks below this runner have room: no job is begun that can not be kept."""

import os
from collections.abc import Sequence
from pathlib import Path

import structlog
from prometheus_client import Gauge

from tisktask_runner import words

log = structlog.get_logger()

disk_has_room = Gauge("tisktask_runner_disk_has_room", "1: the runner's disks have room; 0: no work is taken")


class DiskWatch:
    """Looks at the folders' file systems. What runs goes on; new work waits until there is room."""

    def __init__(self, folders: Sequence[Path], free_bytes_min: int) -> None:
        self._folders = folders
        self._free_bytes_min = free_bytes_min
        #: A sentence for people; empty: there is room.
        self.problem = ""

    async def is_ready(self) -> bool | str:
        return self.problem or True

    def look(self) -> None:
        problem = next(filter(None, map(self._problem_of, self._folders)), "")
        if bool(problem) != bool(self.problem):
            if problem:
                log.error("disk_has_no_room", problem=problem, consequence="no work is taken")
            else:
                log.info("disk_has_room_again")
        disk_has_room.set(not problem)
        self.problem = problem

    def _problem_of(self, folder: Path) -> str:
        try:
            found = os.statvfs(folder)
        except FileNotFoundError:
            # Podman has not made it yet.
            return ""
        except OSError as error:
            return words.disk_not_readable(str(folder), error.strerror or str(error))
        free_bytes = found.f_bavail * found.f_frsize
        # Some file systems count no files: then there are none at all.
        has_files = found.f_files == 0 or found.f_favail > 0
        if free_bytes >= self._free_bytes_min and has_files:
            return ""
        return words.disk_full(str(folder), free_bytes, self._free_bytes_min)
