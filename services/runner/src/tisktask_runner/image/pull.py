"""Fetches an image by its name, as jobs and their containers ask for it."""

import hashlib
import re
from dataclasses import dataclass

import structlog

from tisktask_runner.image import words
from tisktask_runner.image.build_lock import locked
from tisktask_runner.image.host import BuildHost, call_podman, image_exists

log = structlog.get_logger()

PULL_SECONDS_MAX = 600.0
#: What only the one who named the image can mend; all else may be a network or a registry that comes back.
_USERS_FAULTS = re.compile(
    r"manifest unknown|not found|name unknown|denied|unauthorized|authentication required|invalid reference"
    r"|repository name|short-name|no such host|unsupported digest|no image found in manifest list",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class NotPulled:
    """The image can not be had."""

    #: In Podman's words.
    cause: str
    reason: str
    #: There is no such image (for us), as against a registry that did not answer.
    is_users_fault: bool


async def pull_image(host: BuildHost, name: str) -> NotPulled | None:
    """Fetch it unless it is here: once, however many ask at the same time."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    async with locked(host.folder / "locks" / f"pull-{digest}", PULL_SECONDS_MAX):
        if await image_exists(host, name):
            return None
        # The name is an argument of its own behind `--`: whatever it is, it is no option.
        pulled = await call_podman(host, "pull", "--quiet", "--", name, seconds_max=PULL_SECONDS_MAX)
    if pulled.exit_code == 0:
        return None
    log.info("image_not_pulled", image=name, error=pulled.error[-500:])
    cause = pulled.error.strip().splitlines()[-1].removeprefix("Error: ")[-500:] if pulled.error.strip() else ""
    is_users_fault = name.startswith("localhost/") or _USERS_FAULTS.search(pulled.error) is not None
    cause = cause or f"exit code {pulled.exit_code}"
    return NotPulled(cause, words.image_unavailable(name, cause), is_users_fault)
