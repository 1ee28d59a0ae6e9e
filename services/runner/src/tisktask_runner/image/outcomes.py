"""What can come of wanting an image."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ready:
    """The image is on this host."""

    image: str
    key: str
    #: It was built now, not found or pulled.
    built: bool
    seconds: float


@dataclass(frozen=True)
class BuildFailed:
    """The build file does not build: the user's failure; the log says why."""

    reason: str


@dataclass(frozen=True)
class BuildTimedOut:
    """The build took longer than it may."""

    reason: str


@dataclass(frozen=True)
class BuildErrored:
    """The host failed, not the build file."""

    reason: str


BuildOutcome = Ready | BuildFailed | BuildTimedOut | BuildErrored
NotBuilt = BuildFailed | BuildTimedOut | BuildErrored
