"""A registry that hosts share: images are pulled and pushed by their key."""

import structlog

from tisktask_runner.image.host import BuildHost, call_podman, image_name

log = structlog.get_logger()

TRANSFER_SECONDS_MAX = 600.0


async def pull_by_key(host: BuildHost, key: str) -> bool:
    """Fetch the image if the registry has it; a registry that does not answer is no reason not to build."""
    remote = _remote_name(host, key)
    pulled = await call_podman(host, "pull", "--quiet", remote, seconds_max=TRANSFER_SECONDS_MAX)
    if pulled.exit_code != 0:
        log.info("image_not_pulled", image=remote, error=pulled.error[-500:])
        return False
    tagged = await call_podman(host, "tag", remote, image_name(key))
    await call_podman(host, "untag", remote, remote)
    return tagged.exit_code == 0


async def push_by_key(host: BuildHost, key: str) -> str:
    """Send the image; what went wrong, or nothing."""
    pushed = await call_podman(
        host, "push", "--quiet", image_name(key), _remote_name(host, key), seconds_max=TRANSFER_SECONDS_MAX
    )
    if pushed.exit_code == 0:
        return ""
    log.warning("image_not_pushed", key=key, registry=host.registry, error=pushed.error[-500:])
    return pushed.error.splitlines()[-1] if pushed.error else f"exit code {pushed.exit_code}"


def _remote_name(host: BuildHost, key: str) -> str:
    return f"{host.registry.rstrip('/')}/{key}:latest"
