"""Every sentence about the host that an operator reads."""

from tisktask_runner.host.facts import Facts

PODMAN_MISSING = "podman is not installed. Install it with its parts (`make setup`), then start again."


def storage_problem(podman_says: str) -> str:
    return f"the storage can not be opened: {podman_says}"


def storage_silent(seconds: int) -> str:
    return f"the storage could not be opened within {seconds} s: does another process hold its lock?"


def nothing_works(tried: list[str], facts: Facts) -> str:
    if not tried:
        return "there is neither crun nor runc: install one of them (`make setup`), then start again."
    missing = [name for name in ("conmon", "netavark", "iptables", "catatonit") if not facts.has(name)]
    hint = f" Not installed: {', '.join(missing)} (`make setup` installs them)." if missing else ""
    attempts = "".join(f"\n  - {line}" for line in tried)
    return f"Podman starts no pod on this host.{hint} What was tried:{attempts}"
