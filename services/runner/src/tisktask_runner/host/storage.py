"""Where a Podman keeps its images, containers and run files, and how its command line is told so."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tisktask_runner.host import words
from tisktask_runner.host.errors import HostError


@dataclass(frozen=True)
class Storage:
    """One Podman on this machine. Without `root`: the system's (or the user's) own."""

    #: Tisktask's state directory: the configuration is kept in `<state>/podman/`.
    state: Path
    root: Path | None = None
    runroot: Path | None = None

    @property
    def containers_conf(self) -> Path:
        return self.state / "podman" / "containers.conf"

    @property
    def storage_conf(self) -> Path:
        return self.state / "podman" / "storage.conf"

    @property
    def temporary(self) -> Path:
        """For temporary files of builds: what a killed build leaves is found there, and is nobody else's."""
        return self.state / "podman" / "tmp"

    @property
    def tmp_dir(self) -> Path:
        """Libpod's run directory: `exits/` is in it."""
        if self.runroot is not None:
            return self.runroot / "libpod"
        if os.geteuid() == 0:
            return Path("/run/libpod")
        return user_runtime_dir() / "libpod" / "tmp"

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment in which `podman` and `buildah` use this storage and configuration, without any flag."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        own = {"CONTAINERS_CONF": str(self.containers_conf), "TMPDIR": str(self.temporary)}
        if os.geteuid() != 0:
            # Podman would choose another one by itself, and we would look for its exit files in the wrong place.
            own["XDG_RUNTIME_DIR"] = str(user_runtime_dir())
        if self.root is not None:
            own["CONTAINERS_STORAGE_CONF"] = str(self.storage_conf)
        return {**base, **own}


def user_runtime_dir() -> Path:
    """Give the run directory of a user who is not root: the session's, or one of ours where there is no session."""
    given = os.environ.get("XDG_RUNTIME_DIR")
    if given and os.access(given, os.W_OK):
        return Path(given)
    own = Path(tempfile.gettempdir()) / f"tisktask-run-{os.geteuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    if own.stat().st_uid != os.geteuid() or own.is_symlink():
        raise HostError(words.foreign_runtime_dir(own))
    return own
