"""Where a Podman keeps its images, containers and run files, and how its command line is told so."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


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
        return Path(os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.geteuid()}")) / "libpod" / "tmp"

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The environment in which `podman` and `buildah` use this storage and configuration, without any flag."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        own = {"CONTAINERS_CONF": str(self.containers_conf), "TMPDIR": str(self.temporary)}
        if self.root is not None:
            own["CONTAINERS_STORAGE_CONF"] = str(self.storage_conf)
        return {**base, **own}
