"""What a runner process is told."""

import dataclasses
import os
import re
import socket
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from tisktask_common.labels import LABEL_FORM, LABELS_MAX, unusable_label
from tisktask_common.process.settings import BusSettings
from tisktask_common.subjects import DEFAULT_POOL
from tisktask_runner.jobsocket.limits import SocketLimits


def _processors() -> int:
    return len(os.sched_getaffinity(0))


class RunnerSettings(BusSettings):
    """One replica of a runner host. Replicas share everything but `replica` and `listen`."""

    listen: str = Field(default="127.0.0.1:4003", description="address:port of health and metrics")
    runner: str = Field(default_factory=socket.gethostname, description="name of the host: leases belong to it")
    replica: str = Field(default="1", description="name of this process among those of the host")
    pool: str = Field(default=DEFAULT_POOL, description="work of this pool is taken")
    slots: int = Field(default_factory=_processors, ge=1, le=1024, description="jobs at once; default: processors")
    lent_slots_max: int = Field(
        default=64,
        ge=0,
        le=1024,
        description="more jobs at once while others wait; beyond it, only one",
    )
    labels: str = Field(default="", description="what the host offers besides its pool, with commas: gpu,arm64")
    state_dir: Path = Field(default=Path("/var/lib/tisktask/runner"), description="attempts, mirrors, locks")
    drain: Literal["leave", "wait"] = Field(
        default="leave", description="on SIGTERM: leave running jobs to the next process, or wait for their end"
    )

    podman_socket: Path = Field(default=Path("/run/podman/podman.sock"), description="Unix socket of Podman's API")
    podman_root: Path | None = Field(default=None, description="Podman's storage, if not the system's own")
    podman_runroot: Path | None = Field(default=None, description="run directory of that storage")

    default_image: str = Field(default="", description="of programs without a build file; empty: from the archive")
    default_image_archive: Path | None = Field(
        default=None, description="root file system of the default image; made if missing; default: in state_dir"
    )
    command_client: Path | None = Field(
        default=None, description="the program tisktask-cmd, given to every job; none: jobs bring a client of their own"
    )
    registry: str = Field(default="", description="registry (and prefix) that built images are shared through")
    build_seconds: float = Field(default=1800, gt=0, description="longest build of an image")
    build_memory_bytes: int = Field(default=0, ge=0, description="memory of a build; 0: no limit")
    build_cpus: float = Field(default=0, ge=0, description="processors of a build; 0: no limit")

    fetch_seconds: float = Field(default=600, gt=0, description="longest fetch of a commit")
    fetch_bytes: int = Field(default=4 * 1024**3, gt=0, description="largest fetch of a commit")
    mirror_days: float = Field(default=14, gt=0, description="mirrors that were not used for so long are removed")
    image_days: float = Field(
        default=14, gt=0, description="built and pulled images that were not used for so long are removed"
    )
    image_bytes_max: int = Field(
        default=50 * 1024**3,
        ge=0,
        description="what built and pulled images may take; those used longest ago are removed; 0: no limit",
    )

    disk_free_bytes_min: int = Field(
        default=128 * 1024**2, ge=0, description="with less room on the disks of jobs or images no work is taken"
    )

    containers_max: int = Field(default=16, ge=0, le=256, description="containers that one job may have beside it")

    socket_connections: int = Field(default=64, ge=1, le=4096, description="connections to the socket of one job")
    socket_argument_bytes: int = Field(default=262_144, ge=1024, le=262_144, description="one argument of a command")
    socket_command_bytes: int = Field(
        default=327_680, ge=1024, le=327_680, description="all arguments of a command, or of a transaction"
    )
    socket_arguments: int = Field(default=10_000, ge=16, le=10_000, description="number of arguments of a command")
    socket_pending_commands: int = Field(
        default=10_000, ge=1, description="commands of a connection that wait for their turn before reading stops"
    )
    socket_pending_bytes: int = Field(default=1_048_576, ge=1024, description="the same, by the memory that they take")
    socket_output_bytes: int = Field(
        default=2_097_152, ge=1024, description="unread replies of a connection before no further command is begun"
    )
    socket_output_seconds: float = Field(
        default=60, gt=0, description="a connection with so many unread replies is closed after that"
    )

    @property
    def socket_limits(self) -> SocketLimits:
        """What a program may ask of its job's socket."""
        return SocketLimits(
            **{field.name: getattr(self, f"socket_{field.name}") for field in dataclasses.fields(SocketLimits)}
        )

    @field_validator("state_dir", "default_image_archive", "command_client")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        # Podman resolves mounts on its own: a relative path would be of another directory.
        return path.absolute() if path else None

    @field_validator("labels")
    @classmethod
    def _usable(cls, labels: str) -> str:
        given = sorted({label.strip() for label in labels.split(",")} - {""})
        if (wrong := unusable_label(given)) is not None:
            raise ValueError(f"{wrong!r} is not a label: {LABEL_FORM}")
        if len(given) > LABELS_MAX:
            raise ValueError(f"{len(given)} labels: {LABELS_MAX} at most")
        return ",".join(given)

    @property
    def label_list(self) -> list[str]:
        return self.labels.split(",") if self.labels else []

    @field_validator("runner", "replica")
    @classmethod
    def _plain(cls, name: str) -> str:
        # It becomes part of subjects, labels and names in Podman.
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,63}", name):
            raise ValueError("letters, digits, '.', '_' and '-' only, 63 at most")
        return name
