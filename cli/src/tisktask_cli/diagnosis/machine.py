"""Can this machine run jobs: what the runner's own diagnosis says, Python, and the disk."""

import os
import platform
import shutil
from pathlib import Path

from tisktask_cli.diagnosis.finding import Finding, ok, problem, warning
from tisktask_cli.stack.layout import command_client
from tisktask_runner.host.diagnose import diagnose
from tisktask_runner.host.facts import read_facts
from tisktask_runner.host.probe import probe
from tisktask_runner.host.storage import Storage

_GIB = 1024**3
_DISK_PROBLEM_BYTES = 1 * _GIB
_DISK_WARNING_BYTES = 5 * _GIB


def check_machine(runner_state: Path) -> list[Finding]:
    """Try what runners need; `runner_state` is where they keep the configuration of Podman that was found to work."""
    facts = read_facts()
    # The same settings that the runners get from this environment.
    root, runroot = os.environ.get("TISKTASK_PODMAN_ROOT"), os.environ.get("TISKTASK_PODMAN_RUNROOT")
    storage = Storage(runner_state.resolve(), Path(root) if root else None, Path(runroot) if runroot else None)
    return [
        *(
            Finding(found.title, found.level, found.detail, found.remedy)
            for found in diagnose(facts, probe(storage, facts))
        ),
        ok("python", f"{platform.python_version()} on {platform.platform()}"),
        check_command_client(),
    ]


def check_command_client() -> Finding:
    if client := command_client():
        return ok("tisktask-cmd", str(client))
    return warning(
        "tisktask-cmd",
        "it is not compiled: only jobs with a Redis client of their own can use their socket",
        "apt-get install musl-tools (or gcc and libc6-dev), then `make setup`",
    )


def check_disk(folder: Path) -> Finding:
    place = next(parent for parent in (folder, *folder.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    message = f"{free / _GIB:.1f} GiB are free at {place}"
    if free < _DISK_PROBLEM_BYTES:
        return problem("disk", message, "make room: below 1 GiB logs and messages are soon refused")
    if free < _DISK_WARNING_BYTES:
        return warning("disk", message, "make room: images and logs need some GiB")
    return ok("disk", message)
