"""Knows whether a program was started although libpod says that it was not.

A Podman that dies between the runtime's execution of a program and writing that down never learns of it: it says
`initialized` while the program runs, and `created` when it has ended, and nothing makes it look again. It would even
execute such a program a second time.
"""

import structlog
from prometheus_client import Counter

from tisktask_runner.engine.container_state import ContainerState, container_state
from tisktask_runner.engine.libpod import Libpod
from tisktask_runner.engine.model import Pod
from tisktask_runner.engine.oci_runtime import find_runtime, runtime_status, send_signal

log = structlog.get_logger()

_WAITS_FOR_ITS_START = "created"

unseen_starts = Counter("tisktask_unseen_starts_total", "Programs whose start a Podman that died had not written down")


async def was_started_unseen(libpod: Libpod, pod: Pod, state: ContainerState) -> bool:
    """Whether the program of a container that libpod has not seen start was executed, as all others tell."""
    if state.has_gone_unseen:
        return True
    return state.is_made and (_has_printed(pod) or await _was_executed(libpod, pod.container_id))


async def kill_unseen(libpod: Libpod, pod: Pod, signal: str) -> bool:
    """Whether there was a program to send the signal to, that libpod refuses to send one to."""
    state = await container_state(libpod, pod.container_id)
    if state is None or not state.is_made or not await was_started_unseen(libpod, pod, state):
        return False
    runtime = await find_runtime(libpod)
    return runtime is not None and await send_signal(runtime, pod.container_id, signal)


def _has_printed(pod: Pod) -> bool:
    try:
        return pod.log_path.stat().st_size > 0
    except FileNotFoundError:
        return False


async def _was_executed(libpod: Libpod, container: str) -> bool:
    runtime = await find_runtime(libpod)
    if runtime is None:
        return False
    status = await runtime_status(runtime, container)
    if status is not None:
        return status != _WAITS_FOR_ITS_START
    # It may have ended and been forgotten in between.
    state = await container_state(libpod, container)
    return state is not None and state.has_gone_unseen
