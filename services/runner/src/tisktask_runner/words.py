"""Every sentence that a user reads because of a runner: reasons of ends, and lines that are added to a log."""


def log_limit_reached(limit_bytes: int) -> str:
    return f"The log is larger than the limit of {_size(limit_bytes)}; the job was stopped."


def log_cut(limit_bytes: int) -> str:
    """Say at the end of the log itself that the rest is missing."""
    return f"\n[tisktask] {log_limit_reached(limit_bytes)} What it printed after this is not kept.\n"


def _size(count: int) -> str:
    for unit, step in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if count >= step:
            return f"{count / step:.4g} {unit}"
    return f"{count} bytes"
