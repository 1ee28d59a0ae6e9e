"""The Podman that builds images: how its command line is called, and where our files about builds are."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

#: Of the calls that only look or tag; builds, pulls and pushes have limits of their own.
COMMAND_SECONDS_MAX = 60.0
IMAGE_NAME = "localhost/tisktask/"


def image_name(key: str) -> str:
    """Name the image of a key. It is in no registry: Podman finds it here or nowhere."""
    return f"{IMAGE_NAME}{key}:latest"


@dataclass(frozen=True)
class BuildLimits:
    """What one build may use. Zero means: no limit."""

    seconds: float = 1800
    memory_bytes: int = 0
    cpus: float = 0
    log_bytes: int = 64 * 1024**2


class BuildNetwork(Protocol):
    """The network of RUN lines: made before a build, removed when no build is at work."""

    async def make(self) -> str:
        """Have it; returns what `podman build --network` is told."""
        ...

    async def remove(self) -> None: ...


@dataclass(frozen=True)
class NamedNetwork:
    """A network that somebody else keeps, or a mode of Podman's: "none", or "private" (a bridge that sees the host)."""

    name: str

    async def make(self) -> str:
        return self.name

    async def remove(self) -> None:
        """Leave it: it is not ours."""


@dataclass(frozen=True)
class BuildHost:
    """One Podman, for builds."""

    #: Locks and temporary files of builds; all replicas of a host share it.
    folder: Path
    #: All of the environment of `podman`: says which storage and configuration it uses.
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    limits: BuildLimits = BuildLimits()
    network: BuildNetwork = NamedNetwork("none")
    #: Archive of the default job image, for build files that build on it; made if it is not there.
    default_archive: Path | None = None
    #: Registry (and prefix) that images are pulled from and pushed to by key; empty: none.
    registry: str = ""
    #: Nobody else uses this Podman's storage: leftovers of builds in it are ours.
    is_storage_ours: bool = False
    podman: str = "podman"


@dataclass(frozen=True)
class Called:
    """How a short call of podman went."""

    exit_code: int
    output: str
    error: str


async def call_podman(host: BuildHost, *arguments: str, seconds_max: float = COMMAND_SECONDS_MAX) -> Called:
    """Call podman and wait; it is killed when the time is up (exit code 124) or the caller is cancelled."""
    process = await asyncio.create_subprocess_exec(
        host.podman,
        *arguments,
        env=host.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, error = await asyncio.wait_for(process.communicate(), seconds_max)
    except TimeoutError:
        return Called(124, "", f"podman {arguments[0]} took longer than {seconds_max:g} seconds")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Called(process.returncode or 0, output.decode("utf-8", "replace"), error.decode("utf-8", "replace").strip())


async def image_exists(host: BuildHost, image: str) -> bool:
    """Look in the local storage only."""
    return (await call_podman(host, "image", "exists", image)).exit_code == 0
