"""The floor: what a bare script around git and Podman's command line needs for one trivial job."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

#: git asks nobody and reads no settings of this machine's user.
_GIT = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent"}


@dataclass
class Floor:
    """Fetches one commit and runs one command in a pod, by the command line, and removes everything."""

    folder: Path
    clone_url: str
    image: str
    #: How this host's Podman has to be called: configuration and storage.
    podman: list[str]
    environment: dict[str, str]

    def run_once(self, sha: str) -> float:
        """Return the seconds from the fetch to the pod's removal."""
        began = time.perf_counter()
        name = f"floor-{uuid4().hex[:10]}"
        mirror = self.folder / name
        self._git("init", "-q", "--bare", str(mirror))
        self._git("-C", str(mirror), "fetch", "-q", "--depth=1", self.clone_url, sha)
        self._podman("pod", "create", "--name", name)
        try:
            self._podman("create", "--pod", name, "--name", f"{name}-job", self.image, "sh", "-c", "echo hi")
            self._podman("start", f"{name}-job")
            code = self._podman("wait", f"{name}-job")
            assert code.strip() == "0", code
            assert "hi" in self._podman("logs", f"{name}-job")
        finally:
            self._podman("pod", "rm", "-f", "-t", "0", name)
        return time.perf_counter() - began

    def _git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], check=True, capture_output=True, env=os.environ | _GIT)

    def _podman(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.podman, *arguments], check=True, capture_output=True, text=True, env=os.environ | self.environment
        )
        return done.stdout
