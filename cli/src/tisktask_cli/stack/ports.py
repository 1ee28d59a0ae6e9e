"""TCP ports: free ones that a data directory keeps, and who holds one that is taken."""

import contextlib
import json
import socket
from pathlib import Path

from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.stack.private_files import write_private

HOST = "127.0.0.1"


class PortBook:
    """Ports by name, kept in a file so that a stack has the same ones after a restart if they are still free."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}

    def take(self, name: str) -> int:
        """Give the port that a process is to listen on from now; one that is taken is replaced."""
        port = self._ports.get(name)
        if port is None or not is_free(HOST, port):
            port = _any_free_port()
            self._ports[name] = port
            write_private(self._path, json.dumps(self._ports, indent=1) + "\n")
        return port

    def names(self) -> list[str]:
        return list(self._ports)

    def known(self, name: str) -> int:
        """Give the port that was taken last."""
        return self._ports.get(name, 0)


def is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: what is in TIME_WAIT does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(host: str, port: int, flag: str) -> None:
    """Refuse a port that somebody listens on, and say who it is."""
    if is_free(host, port):
        return
    holder = find_listener(port)
    who = f"by process {holder[0]} ({holder[1]})" if holder else "by another process"
    stop = f"stop it (kill {holder[0]})" if holder else f"find it with `ss -ltnp sport = :{port}` and stop it"
    raise CommandError(f"port {port} is taken {who}: {stop}, or choose another port with {flag}", Exit.USAGE)


def find_listener(port: int) -> tuple[int, str] | None:
    """Find the process that listens on a TCP port: its id and command line."""
    inodes = _listening_inodes(port)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and inodes & _socket_inodes(folder / "fd"):
            return int(folder.name), _command_line(folder)
    return None


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def _listening_inodes(port: int) -> set[str]:
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            continue
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            # Field 1 is address:port in hexadecimal, field 3 the state (0A: listening), field 9 the inode.
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(fields[9])
    return inodes


def _socket_inodes(folder: Path) -> set[str]:
    links: list[str] = []
    with contextlib.suppress(OSError):  # another user's process, or one that has just ended
        for entry in folder.iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                links.append(str(entry.readlink()))
    return {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}


def _command_line(folder: Path) -> str:
    try:
        words = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return "ended meanwhile"
    return b" ".join(words).decode(errors="replace")[:120]
