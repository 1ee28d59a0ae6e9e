"""Which ports something listens on in a network namespace, as the kernel tells of one of its processes."""

from pathlib import Path

_LISTEN = "0A"
#: The kernel lists who listens before who is connected.
_BYTES_MAX = 1024 * 1024


def is_listened_on(process: int, port: int) -> bool:
    """Whether a socket listens on the port. A process that has ended: no."""
    return any(port in _ports(process, protocol) for protocol in ("tcp", "tcp6"))


def _ports(process: int, protocol: str) -> set[int]:
    try:
        with Path(f"/proc/{process}/net/{protocol}").open() as file:
            return listening_ports(file.read(_BYTES_MAX))
    except (FileNotFoundError, ProcessLookupError, OSError):
        return set()


def listening_ports(table: str) -> set[int]:
    """Read the kernel's table: `sl local_address rem_address st ...`, addresses and ports in hexadecimal."""
    rows = (line.split() for line in table.splitlines()[1:])
    return {int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == _LISTEN}
