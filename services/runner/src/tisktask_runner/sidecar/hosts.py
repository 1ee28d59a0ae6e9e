"""The names of hosts that a pod's containers know: one file, mounted in all of them at /etc/hosts.

It is only ever added to, in place: who has it mounted sees at once what is new.
"""

from collections.abc import Iterable
from pathlib import Path

HOSTS_TARGET = "/etc/hosts"
_HOSTS_OF_HOST = Path("/etc/hosts")
#: The pod's own name, so that what asks for it does not ask a name server.
_POD_HOSTNAME = "tisktask"
_BYTES_MAX = 256 * 1024


def write_hosts(path: Path) -> None:
    """Write what this host knows, as Podman does, and the pod's own name."""
    try:
        known = _HOSTS_OF_HOST.read_text(errors="replace")[:_BYTES_MAX]
    except OSError:
        known = ""  # then there is nothing to pass on
    lines = [] if not known or known.endswith("\n") else [""]
    names = {name for line in known.splitlines() for name in line.partition("#")[0].split()[1:]}
    if "localhost" not in names:
        lines += ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback"]
    path.write_text(known + "\n".join([*lines, f"127.0.0.1\t{_POD_HOSTNAME}", ""]))
    # Programs of any user read it.
    path.chmod(0o644)


def add_aliases(path: Path, aliases: Iterable[str]) -> None:
    """Let names lead to the pod itself. Those that do already are left out."""
    with path.open("r+", errors="replace") as file:
        # Programs may write to it too: it can be of any size.
        known = set(file.read(_BYTES_MAX).splitlines())
    lines = [f"127.0.0.1\t{alias}" for alias in aliases]
    new = [line for line in dict.fromkeys(lines) if line not in known]
    if new:
        with path.open("a") as file:
            file.write("\n" + "\n".join(new) + "\n")
