"""Removing pods and networks so that it is done when it says so, and done again without harm."""

import asyncio

import structlog

from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.translation import remove_chain

log = structlog.get_logger()

_TRIES = 5
_PAUSE_SECONDS = 0.3
_IN_USE = "network is being used"


async def remove_pod(libpod: Libpod, pod: str) -> None:
    """Remove a pod with all its containers, killing what runs. Nothing there: done."""
    # timeout=0: SIGKILL at once; the default waits ten seconds for a program that ignores SIGTERM.
    await _remove(libpod, f"/pods/{pod}", force=True, timeout=0)


async def remove_container(libpod: Libpod, container: str) -> None:
    """Remove one container, killing what runs in it. Nothing there: done."""
    await _remove(libpod, f"/containers/{container}", force=True, timeout=0, v=True)


async def remove_network(libpod: Libpod, network: str) -> None:
    """Remove a network with its rules. Nothing there: done. In use: by a newer pod of the same name, so it stays."""
    try:
        await _remove(libpod, f"/networks/{network}", force=False)
    except LibpodError as error:
        if _IN_USE not in error.cause:
            raise
        log.info("network_in_use", network=network)
        return
    await asyncio.to_thread(remove_chain, network)


async def remove_half_made(libpod: Libpod, name: str) -> bool:
    """Remove a container that only the storage knows: a Podman that died while it made it has left the name taken.

    False: there is none.
    """
    listed = await libpod.get("/containers/json", all=True, external=True)
    half_made = [one["Id"] for one in listed or [] if one["State"] == "storage" and name in (one.get("Names") or [])]
    for container in half_made:
        await libpod.delete(f"/containers/{container}", force=True)
        log.warning("half_made_container_removed", container=name)
    return bool(half_made)


async def remove_unfinished(libpod: Libpod, front: str) -> None:
    """Remove all pods and networks whose names begin so: those of creations that died between two steps."""
    for pod in await libpod.get("/pods/json") or []:
        if pod["Name"].startswith(front):
            await remove_pod(libpod, pod["Id"])
    for network in await libpod.get("/networks/json") or []:
        if network["name"].startswith(front):
            await remove_network(libpod, network["name"])


async def _remove(libpod: Libpod, path: str, **parameters: bool | int) -> None:
    for tried in range(1, _TRIES + 1):
        try:
            await libpod.delete(path, **parameters)
        except LibpodError as error:
            if error.status == 404:
                return
            # conmon's own clean-up after the exit can be in the way for a moment.
            if tried == _TRIES or _IN_USE in error.cause:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
        else:
            return
