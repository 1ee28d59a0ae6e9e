"""Every test here has a private Podman."""

from podman_host import engine, podman_host, pods  # noqa: F401
