"""The default job image, for programs without a build file: loaded from an archive, no registry needed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from tisktask_runner.image import words
from tisktask_runner.image.build_lock import locked
from tisktask_runner.image.default_archive import PartMissingError, write_default_archive
from tisktask_runner.image.host import IMAGE_NAME, BuildHost, call_podman, image_exists
from tisktask_runner.image.outcomes import BuildErrored
from tisktask_runner.source.own_thread import in_own_thread

#: What people write after FROM; always the newest one that was loaded.
DEFAULT_IMAGE = f"{IMAGE_NAME}default:latest"
LOAD_SECONDS_MAX = 120.0
_CONFIGURATION = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV HOME=/root",
    "ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
    "CMD /bin/sh",
)


@dataclass(frozen=True)
class DefaultImage:
    """The image is in the storage."""

    #: With a tag of its own for each content, so that a running job's image does not change under it.
    image: str


async def ensure_default_image(host: BuildHost, archive: Path) -> DefaultImage | BuildErrored:
    """Load the image if the storage does not have it; make the archive, too, if that is missing."""
    try:
        digest = await in_own_thread("default-image", lambda: _digest(archive))
    except (PartMissingError, OSError) as error:
        return BuildErrored(words.default_image_missing(str(archive), str(error)))
    image = f"{IMAGE_NAME}default:{digest[:16]}"
    try:
        async with locked(host.folder / "locks" / f"default-{digest[:16]}", LOAD_SECONDS_MAX) as lock:
            if lock is None or not await image_exists(host, image):
                return await _load(host, archive, image)
    except FileNotFoundError as error:
        if error.filename != host.podman:
            raise
        return BuildErrored(words.podman_missing(str(error.filename)))
    return DefaultImage(image)


def _digest(archive: Path) -> str:
    if not archive.exists():
        return write_default_archive(archive)
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _load(host: BuildHost, archive: Path, image: str) -> DefaultImage | BuildErrored:
    changes = [word for change in _CONFIGURATION for word in ("--change", change)]
    loaded = await call_podman(host, "import", "--quiet", *changes, str(archive), image, seconds_max=LOAD_SECONDS_MAX)
    if loaded.exit_code == 0:
        loaded = await call_podman(host, "tag", image, DEFAULT_IMAGE)
    if loaded.exit_code != 0:
        return BuildErrored(words.default_image_missing(str(archive), loaded.error))
    return DefaultImage(image)
