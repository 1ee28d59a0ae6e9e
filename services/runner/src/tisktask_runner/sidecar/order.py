"""What a program asks for: a container, and when it counts as ready. Values and their limits; pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
#: A name of a host: letters of any case, digits, hyphens, underscores, dots between.
ALIAS = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,254}")
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,31})?")

ALIASES_MAX = 16
ARGUMENTS_MAX = 256
ARGUMENTS_BYTES_MAX = 128 * 1024
VARIABLES_MAX = 256
VARIABLES_BYTES_MAX = 128 * 1024
PATTERN_CHARACTERS_MAX = 500
WAIT_SECONDS = 60.0
WAIT_SECONDS_MAX = 3600.0
#: Less is not enough for any process, and refused by runtimes.
MEMORY_BYTES_MIN = 6 * 1024**2


@dataclass(frozen=True)
class Readiness:
    """What to wait for before the reply; nothing: for the start only."""

    port: int | None = None
    #: In RE2's syntax, found in a line of its log.
    pattern: str | None = None
    seconds: float = WAIT_SECONDS


@dataclass(frozen=True)
class SidecarOrder:
    """A container as a program describes it."""

    image: str
    #: Empty: made of the image's name.
    name: str = ""
    #: Of the asking itself: repeated, it means the same container.
    request_id: str = ""
    aliases: tuple[str, ...] = ()
    #: Instead of the image's command; empty: the image's.
    arguments: tuple[str, ...] = ()
    #: Values may be secrets.
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    user: str = ""
    #: 0: what the job may have.
    memory_bytes: int = 0
    readiness: Readiness = Readiness()

    def digest(self, salt: str) -> str:
        """Stand for the description where the values of variables must not be kept."""
        described = [
            self.image,
            sorted(self.aliases),
            list(self.arguments),
            sorted(self.environment.items()),
            self.user,
            self.memory_bytes,
        ]
        return hashlib.scrypt(json.dumps(described).encode(), salt=salt.encode(), n=2**10, r=8, p=1).hex()


def name_after(image: str) -> str:
    """Make a name of that of the image.

    >>> name_after("docker.io/library/postgres:16-alpine")
    'postgres'
    """
    last = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    name = re.sub(r"[^a-z0-9_-]", "-", last).strip("_-")[:28]
    return name if NAME.fullmatch(name) else "container"
