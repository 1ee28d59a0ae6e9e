"""The engine: one pod per job, on a Podman that listens on a Unix socket."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager

from tisktask_runner.engine.model import (
    Collected,
    EnginePlace,
    EngineVersion,
    Exit,
    ImageConfig,
    Lost,
    NotStarted,
    Pod,
    PodSpec,
    PodSummary,
    Started,
)


@asynccontextmanager
async def open_engine(place: EnginePlace) -> AsyncGenerator["Engine"]:
    """An engine for as long as the block lasts. Podman need not be there yet: see `ping`."""
    yield Engine(place)


class Engine:
    """What Tisktask asks of Podman. Made by `open_engine`.

    Calls raise `EngineError` (an InfrastructureError) when Podman fails or is away; asking again is always safe.
    """

    def __init__(self, place: EnginePlace) -> None:
        self.place = place

    async def create(self, spec: PodSpec) -> Pod:
        """Make the pod's own network, the pod, and its job container, which is not started.

        What a failed creation leaves behind is removed at once, or by `collect_garbage`.
        """
        raise NotImplementedError

    async def start(self, pod: Pod) -> Started | NotStarted:
        """Execute the program."""
        raise NotImplementedError

    async def wait(self, pod: Pod) -> Exit | Lost:
        """Wait for the program's end. Also for a pod that another process started, or that ended unwatched."""
        raise NotImplementedError

    async def stop(self, pod: Pod, grace_seconds: float) -> None:
        """Send SIGTERM to the program, and after the grace SIGKILL to all; returns when it has ended."""
        raise NotImplementedError

    async def remove(self, pod: Pod) -> None:
        """Remove pod, container and network, running or not. Nothing there: done."""
        raise NotImplementedError

    async def find(self, labels: Mapping[str, str]) -> list[PodSummary]:
        """List this host's pods that carry all of these labels."""
        raise NotImplementedError

    async def has_image(self, ref: str) -> bool:
        raise NotImplementedError

    async def remove_image(self, ref: str) -> bool:
        """Remove an image if no container uses it. False: there is none, or it is in use."""
        raise NotImplementedError

    async def image_config(self, ref: str) -> ImageConfig | None:
        """Read how an image wants to run; None: there is no such image."""
        raise NotImplementedError

    async def path_exists_in_image(self, ref: str, path: str) -> bool:
        """Whether a file is in an image (following links inside it), without starting anything."""
        raise NotImplementedError

    async def ping(self) -> bool:
        """Whether Podman answers now."""
        raise NotImplementedError

    async def version(self) -> EngineVersion:
        raise NotImplementedError

    async def collect_garbage(self, is_live: Callable[[Mapping[str, str]], bool]) -> Collected:
        """Remove what is ours and nobody's: pods whose labels `is_live` denies, and all sorts of leftovers.

        `is_live` is given the labels of a job's pod. Pods younger than a minute are left alone.
        """
        raise NotImplementedError
