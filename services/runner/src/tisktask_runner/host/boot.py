"""Tells one start of this host from another."""

from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def read_boot_id() -> str:
    """Give the kernel's name for this start; empty: it has none."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def is_other_boot(boot_id: str) -> bool:
    """Whether the host was started anew since then, as far as both starts are known."""
    now = read_boot_id()
    return bool(boot_id and now) and boot_id != now
