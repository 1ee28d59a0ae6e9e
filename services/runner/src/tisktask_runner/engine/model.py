"""What goes into the engine and what comes out of it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from tisktask_common.rpc import Limits

#: Every pod, container and network of ours carries it; its value is the runner host's name.
HOST_LABEL = "tisktask.host"


@dataclass(frozen=True)
class EnginePlace:
    """Where an engine finds its Podman, and whose pods are its own."""

    #: Unix socket of `podman system service`.
    socket: Path
    #: Name of the runner host (`TISKTASK_RUNNER`): the value of `HOST_LABEL`.
    host: str
    #: libpod's run directory (`tisktask_runner.host.storage.Storage.tmp_dir`): holds `exits/`.
    libpod_run: Path
    #: What pods can have, the best first (`Configured.networks`).
    networks: tuple[str, ...] = ("bridge", "none")
    #: Where builds keep temporary files (`Storage.temporary`).
    temporary: Path | None = None
    #: Younger pods and networks are no garbage: they are made in steps, their attempt may not be written down yet.
    garbage_age_seconds: float = 60
    #: A pod's control group is there before libpod says that the pod is: younger ones are left alone.
    cgroup_age_seconds: float = 300
    #: Container starts at once; 0 means one per processor.
    starts_max: int = 0


@dataclass(frozen=True)
class Mount:
    """A directory (or file) of the host inside the job's container."""

    source: Path
    target: str
    read_only: bool = False
    #: Whoever the image names as its user becomes the owner of all that is in it, when the container is started.
    is_users: bool = False


@dataclass(frozen=True)
class PodSpec:
    """One job's pod."""

    #: Unique on the host; names the pod's job container.
    name: str
    #: `tisktask.host` is added by the engine.
    labels: Mapping[str, str]
    image: str
    #: Replaces the image's entrypoint and command.
    command: list[str]
    #: With the image's own environment, all that the program sees. May hold secrets.
    environment: Mapping[str, str] = field(repr=False)
    limits: Limits
    #: Written by conmon in k8s-file format: `RFC3339Nano stdout|stderr F|P text`.
    log_path: Path
    #: Working directory; None: the image's.
    workdir: str | None = None
    mounts: list[Mount] = field(default_factory=list[Mount])
    #: False: no way out, only loopback.
    network: bool = True


@dataclass(frozen=True)
class SidecarSpec:
    """A container beside the job's, in its pod: it shares the pod's network, and has processes of its own."""

    #: Unique in the pod.
    name: str
    image: str
    #: Instead of the image's command, behind its entrypoint; empty: as the image says.
    arguments: list[str]
    #: Added to the image's own. May hold secrets.
    environment: Mapping[str, str] = field(repr=False)
    limits: Limits
    log_path: Path
    #: Instead of the image's user.
    user: str = ""
    mounts: list[Mount] = field(default_factory=list[Mount])


@dataclass(frozen=True)
class Pod:
    """A pod that exists. Enough to start, await, stop and remove it, also in another process."""

    pod_id: str
    container_id: str
    #: Name of its own network; None if it has none.
    network: str | None
    log_path: Path
    #: The container is not the job's but one beside it.
    is_beside: bool = False


@dataclass(frozen=True)
class Started:
    """The program was executed."""

    started_at: datetime


@dataclass(frozen=True)
class NotStarted:
    """The program could not be executed: the user's mistake, in the shell's numbers."""

    #: 127: there is no such program (or interpreter); 126: it is not executable.
    exit_code: int
    message: str


@dataclass(frozen=True)
class Exit:
    """The program has ended."""

    exit_code: int
    #: The signal that ended it, by the shell's convention (exit code - 128).
    signal: int | None
    #: The kernel killed a process of the job because the job's memory limit was reached.
    out_of_memory: bool
    started_at: datetime
    ended_at: datetime
    #: Why the program was not executed after all (its interpreter is missing): exit code 126 or 127.
    reason: str = ""


@dataclass(frozen=True)
class Lost:
    """How the program ended is not known and never will be: the host or the container's monitor died."""

    reason: str
    #: It is known after all: the program was never executed.
    was_never_started: bool = False


@dataclass(frozen=True)
class PodSummary:
    """A job's pod as the engine finds it."""

    pod: Pod
    labels: Mapping[str, str]
    created_at: datetime
    #: libpod's word: created, running, exited, ...
    state: str


@dataclass(frozen=True)
class ImageSize:
    """What an image takes on the disk."""

    #: In layers that no other image has.
    unique_bytes: int
    #: In layers that others have, too.
    shared_bytes: int


@dataclass(frozen=True)
class ImageConfig:
    """What an image says about how it wants to run."""

    image_id: str
    #: "/" if the image names none.
    workdir: str
    #: Empty: root.
    user: str
    environment: Mapping[str, str]
    labels: Mapping[str, str]
    #: What it wants to be ended with.
    stop_signal: str = "SIGTERM"


@dataclass(frozen=True)
class EngineVersion:
    """What runs the containers."""

    podman: str
    runtime: str
    cgroups: str

    def __str__(self) -> str:
        return f"podman {self.podman}, {self.runtime}, cgroup {self.cgroups}"


@dataclass(frozen=True)
class Collected:
    """How many leftovers of each kind were removed."""

    pods: int = 0
    networks: int = 0
    containers: int = 0
    namespaces: int = 0
    cgroups: int = 0
    build_folders: int = 0
    runtime_states: int = 0
