"""Removing pods and networks so that it is done when it says so, and done again without harm."""

import asyncio

from tisktask_runner.engine.libpod import Libpod, LibpodError

_TRIES = 5
_PAUSE_SECONDS = 0.3


async def remove_pod(libpod: Libpod, pod: str) -> None:
    """Remove a pod with all its containers, killing what runs. Nothing there: done."""
    # timeout=0: SIGKILL at once; the default waits ten seconds for a program that ignores SIGTERM.
    await _remove(libpod, f"/pods/{pod}", force=True, timeout=0)


async def remove_network(libpod: Libpod, network: str) -> None:
    """Remove a network that no container uses. Nothing there: done."""
    await _remove(libpod, f"/networks/{network}", force=False)


async def _remove(libpod: Libpod, path: str, **parameters: bool | int) -> None:
    for tried in range(1, _TRIES + 1):
        try:
            await libpod.delete(path, **parameters)
        except LibpodError as error:
            if error.status == 404:
                return
            # conmon's own clean-up after the exit can be in the way for a moment.
            if tried == _TRIES:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
