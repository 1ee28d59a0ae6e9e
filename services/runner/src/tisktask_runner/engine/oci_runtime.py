"""Asks the OCI runtime itself about a container, where it can be asked: libpod may know less than it."""

import asyncio
import json
import subprocess

import structlog

from tisktask_runner.engine.libpod import Libpod

log = structlog.get_logger()

_COMMAND_SECONDS_MAX = 20


async def find_runtime(libpod: Libpod) -> str | None:
    """Path of the runtime; None: it is another machine's, or can not be seen from this container."""
    if not await libpod.shares_processes():
        return None
    return str((await libpod.get("/info"))["host"]["ociRuntime"]["path"])


async def runtime_status(runtime: str, container: str) -> str | None:
    """Tell what the runtime says: created (not executed yet), running, paused, stopped; None: it knows no such one."""
    told = await _run(runtime, "state", container)
    if told is None or told.returncode != 0:
        return None
    try:
        return str(json.loads(told.stdout)["status"])
    except (ValueError, KeyError) as error:
        log.warning("runtime_state_unreadable", container=container, error=str(error))
        return None


async def send_signal(runtime: str, container: str, signal: str) -> bool:
    """Whether the container's first process was sent the signal."""
    done = await _run(runtime, "kill", container, signal)
    return done is not None and done.returncode == 0


async def _run(*command: str) -> "subprocess.CompletedProcess[str] | None":
    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, capture_output=True, text=True, timeout=_COMMAND_SECONDS_MAX, check=False)

    try:
        return await asyncio.to_thread(run)
    except (OSError, subprocess.SubprocessError) as error:
        log.error("runtime_not_asked", command=command[1], error=str(error))  # noqa: TRY400 - the message says it all
        return None
