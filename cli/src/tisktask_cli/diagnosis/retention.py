"""Is what was kept long enough deleted: how much there is, and when it was last gone through."""

import asyncio
import time
import urllib.request
from collections.abc import Mapping

from tisktask_cli.diagnosis.finding import Finding, ok, warning

#: Rounds come every few minutes; a first one of very many runs may take long.
_LATE_SECONDS = 3600.0
_ANSWER_SECONDS = 5.0
_ROUNDS = {
    "orchestrator": "tisktask_retention_last_round_timestamp_seconds",
    "logstream": "tisktask_log_retention_last_round_timestamp_seconds",
}


async def check_retention(health: Mapping[str, str]) -> Finding:
    """Ask the services that delete, at address:port of each one's health."""
    asked = {name: health[name] for name in _ROUNDS if name in health}
    figures = dict(zip(asked, await asyncio.gather(*(_read(at) for at in asked.values())), strict=True))
    return judge(figures, time.time())


def judge(figures: Mapping[str, Mapping[str, float] | None], now: float) -> Finding:
    """Say what the metrics of the services mean. Pure."""
    silent = [name for name in _ROUNDS if not figures.get(name)]
    if silent:
        return warning("retention", f"{', '.join(silent)} does not tell", "see above why it does not answer")
    known = {metric: value for one in figures.values() for metric, value in (one or {}).items()}
    runs, logs = known.get("tisktask_runs_stored", 0), known.get("tisktask_log_stored_bytes", 0)
    said = f"{runs:.0f} runs, logs take {_size(logs)}"
    late = [name for name, metric in _ROUNDS.items() if 0 < known.get(metric, 0) < now - _LATE_SECONDS]
    if late:
        message = f"{said}; {' and '.join(late)} could not delete what is old for more than an hour"
        return warning("retention", message, "the lines retention_failed or logs_not_gone_through of its log say why")
    if needed := known.get("tisktask_runs_old_but_needed", 0):
        return warning(
            "retention",
            f"{said}; {needed:.0f} old runs are kept because others need them",
            "look for states that no forge takes (`tisktask_statuses_waiting`) and for logs without an end",
        )
    if above := known.get("tisktask_log_bytes_above_max", 0):
        return warning(
            "retention",
            f"{said}: {_size(above)} above their limit, of runs that have not ended",
            "raise TISKTASK_LOG_BYTES_MAX, or lower TISKTASK_JOB_LOG_BYTES",
        )
    return ok("retention", said)


async def _read(address: str) -> dict[str, float] | None:
    try:
        text = await asyncio.to_thread(_get, f"http://{address}/metrics")
    except OSError:
        return None
    return read_metrics(text)


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 - an address of our own stack
        return answer.read().decode()


def read_metrics(text: str) -> dict[str, float]:
    """Read those metrics that have no labels."""
    pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#" and "{" not in line)
    return {pair[0]: float(pair[1]) for pair in pairs if len(pair) == 2}


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
