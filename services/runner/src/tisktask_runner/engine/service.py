"""The process that is Podman's API: configures the host, then becomes `podman system service`."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import structlog

from tisktask_common.process.logging import set_up_logging
from tisktask_runner.host.configure import configure
from tisktask_runner.host.errors import HostError
from tisktask_runner.host.storage import Storage

log = structlog.get_logger()

EXIT_HOST_UNUSABLE = 3


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Become Podman, or exit with a code if this host can not."""
    options = _parse(arguments)
    set_up_logging("engine", "json" if os.environ.get("TISKTASK_LOG_FORMAT", "json") == "json" else "text", "info")
    # Absolute, all of them: the service works in a directory of its own.
    root, runroot = (path.absolute() if path else None for path in (options.root, options.runroot))
    storage = Storage(options.state.resolve(), root, runroot)
    try:
        configured = configure(storage)
    except HostError as error:
        log.error("podman_unusable", reason=error.message)  # noqa: TRY400 - the message says it all
        sys.exit(EXIT_HOST_UNUSABLE)
    log.info(
        "podman_configured",
        configuration=configured.description,
        networks=configured.networks,
        was_known=configured.was_known,
    )
    if "bridge" not in configured.networks:
        log.warning("network_isolation_unavailable", networks=configured.networks, hint="see `tisktask doctor`")
    become_podman(storage, options.socket.absolute())


def become_podman(storage: Storage, socket: Path) -> NoReturn:
    socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Left by a Podman that was killed: it would be "address already in use".
    socket.unlink(missing_ok=True)
    sys.stdout.flush()
    environment = storage.environment(os.environ)
    # conmon leaves a file "oom" where it was started (on cgroup v1): not where somebody called us.
    os.chdir(storage.containers_conf.parent)
    os.execvpe(  # noqa: S606 - a list, no shell
        "podman", ["podman", "--log-level=warn", "system", "service", "--time=0", f"unix://{socket}"], environment
    )


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tisktask_runner.engine", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state directory of the runner host")
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to serve Podman's API on")
    for name, text in (("root", "storage of its own instead of the system's"), ("runroot", "its run directory")):
        # The same setting that the runner reads, so that both mean the same Podman.
        setting = f"TISKTASK_PODMAN_{name.upper()}"
        default = os.environ.get(setting)
        parser.add_argument(
            f"--{name}", type=Path, default=Path(default) if default else None, help=f"{text}; default: {setting}"
        )
    options = parser.parse_args(arguments)
    if (options.root is None) != (options.runroot is None):
        parser.error("--root and --runroot go together")
    return options
