"""One `podman build` in a session of its own: its arguments, its limits, its end, and what that means."""

import asyncio
import os
import re
import signal
import time
from pathlib import Path
from typing import Protocol

from tisktask_runner.image import words
from tisktask_runner.image.host import BuildHost, image_name
from tisktask_runner.image.key import ImagePlan
from tisktask_runner.image.leftovers import build_files
from tisktask_runner.image.outcomes import BuildErrored, BuildFailed, BuildTimedOut, NotBuilt

#: Between SIGTERM, on which Podman removes what it has begun, and SIGKILL.
GRACE_SECONDS = 10.0
POLL_SECONDS = 0.2
#: A killed process may wait for a slow disk.
GONE_SECONDS_MAX = 10.0
TAIL_BYTES = 4096
#: The build's own watchdog ends it if no runner is left to do so.
WATCHDOG, WATCHDOG_SECONDS_EXTRA = "timeout", 30
CPU_PERIOD = 100_000
#: Podman has cpp read a file of such a name, which includes any file of this host: none is shown to it.
_PREPROCESSED = ".in"
_HOST_ERRORS = re.compile(
    r"no space left on device|input/output error|read-only file system|netavark|error setting rlimit|cgroup"
    r"|too many open files|error creating overlay mount|database is locked|storage-driver",
    re.IGNORECASE,
)
_BASE_ERRORS = re.compile(
    r"initializing source|creating build container.*(pull|manifest|source)|short-name", re.IGNORECASE
)


class Order(Protocol):
    """What a build needs to know of an order."""

    @property
    def plan(self) -> ImagePlan: ...
    @property
    def context(self) -> Path: ...
    @property
    def log_path(self) -> Path: ...


async def run_build(host: BuildHost, order: Order, network: str, locks: tuple[int, ...]) -> NotBuilt | None:
    """Build and tag; `None` if it worked. The build holds `locks` and, if we die, goes on to its end."""
    folder = build_files(host.folder, order.plan.key)
    # Podman's temporary files go there, too: what a killed build leaves is found and removed with the folder.
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    build_file, context = _prepare(order, folder)
    log_file = os.open(order.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        process = await asyncio.create_subprocess_exec(
            *_command(host, order.plan, network, build_file, context),
            env={**host.environment, "TMPDIR": str(temporary)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            start_new_session=True,
            pass_fds=locks,
        )
    finally:
        os.close(log_file)
    try:
        stopped = await _watch(host, order, process)
    finally:
        await _stop(process)
    return stopped or _judge(order, process.returncode or 0)


def _prepare(order: Order, folder: Path) -> tuple[Path, Path]:
    """Give the build file and the context: without COPY nothing of the repository is looked at."""
    context = order.context
    if not order.plan.reads_context:
        context = folder / "context"
        context.mkdir()
    elif not order.plan.build_file.endswith(_PREPROCESSED):
        return context / order.plan.build_file, context
    build_file = folder / "Containerfile"
    build_file.write_bytes(order.plan.text.encode("utf-8", "surrogateescape"))
    return build_file, context


def _command(host: BuildHost, plan: ImagePlan, network: str, build_file: Path, context: Path) -> list[str]:
    limits = host.limits
    watchdog = f"{limits.seconds + GRACE_SECONDS + WATCHDOG_SECONDS_EXTRA:g}"
    command = [WATCHDOG, f"--kill-after={GRACE_SECONDS:g}", watchdog, host.podman, "build"]
    # Layers are found by what made them, whoever that was: of a fork's build nothing is found, nor kept to be found.
    command += ["--layers=false", "--no-cache"] if plan.is_apart else ["--layers"]
    command += [f"--network={network}", f"--tag={image_name(plan.key)}", f"--label=tisktask.key={plan.key}"]
    if limits.memory_bytes:
        command += [f"--memory={limits.memory_bytes}", f"--memory-swap={limits.memory_bytes}"]
    if limits.cpus:
        command += [f"--cpu-period={CPU_PERIOD}", f"--cpu-quota={int(limits.cpus * CPU_PERIOD)}"]
    return [*command, f"--file={build_file}", str(context)]


async def _watch(host: BuildHost, order: Order, process: asyncio.subprocess.Process) -> NotBuilt | None:
    """Wait for the end, and say why it has to be stopped before."""
    limits = host.limits
    log_end = order.log_path.stat().st_size + limits.log_bytes if limits.log_bytes else 0
    deadline = time.monotonic() + limits.seconds if limits.seconds else 0
    waiting = asyncio.ensure_future(process.wait())
    try:
        while not (await asyncio.wait({waiting}, timeout=POLL_SECONDS))[0]:
            if deadline and time.monotonic() > deadline:
                return BuildTimedOut(words.build_too_slow(order.plan.build_file, limits.seconds))
            if log_end and order.log_path.stat().st_size > log_end:
                return BuildFailed(words.build_too_loud(order.plan.build_file, limits.log_bytes))
    finally:
        waiting.cancel()
    return None


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the build's whole session: politely, then for good. Nothing of it is left to write to its files."""
    if process.returncode is not None:
        return
    _signal_group(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
    deadline = time.monotonic() + GONE_SECONDS_MAX
    while _signal_group(process.pid, signal.SIGKILL) and time.monotonic() < deadline:  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(POLL_SECONDS / 10)


def _signal_group(group: int, number: int) -> bool:
    """Signal all that is left of the session; `False` if that is nothing."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _judge(order: Order, exit_code: int) -> NotBuilt | None:
    if exit_code == 0:
        return None
    build_file = order.plan.build_file
    line = _last_line(order.log_path)
    if exit_code < 0:
        return BuildErrored(words.build_killed(build_file, -exit_code))
    if _HOST_ERRORS.search(line):
        return BuildErrored(words.host_failed(build_file, line))
    if _BASE_ERRORS.search(line):
        return BuildFailed(words.base_image_missing(build_file, line))
    return BuildFailed(words.build_failed(build_file, exit_code, line))


def _last_line(log_path: Path) -> str:
    with log_path.open("rb") as file:
        file.seek(max(0, log_path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:500]
