"""What goes wrong with the host itself."""

from tisktask_common.errors import InfrastructureError


class HostError(InfrastructureError):
    """Podman does not work on this host."""

    code = "host"
