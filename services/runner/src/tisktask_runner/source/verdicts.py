"""What an error of a transfer means, where it is not yet its end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MirrorFault:
    """The mirror itself is what failed."""

    error: str


@dataclass(frozen=True)
class Unserved:
    """The forge answers, but not with this object."""


@dataclass(frozen=True)
class Retry:
    """A try that may go better the next time."""

    error: str
