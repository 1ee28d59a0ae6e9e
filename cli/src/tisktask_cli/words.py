"""Words that commands say to people: what `tisktask up` shows when it is ready, hints, what is said of jobs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def ready_banner(url: str, ingest_url: str, token: str, data: Path, seconds: float) -> str:
    return f"""
  Tisktask is ready ({seconds:.1f} s).

    Pages and API   {url}
    Webhooks        {ingest_url}/api/triggers/github   (or /forgejo, /gitea)
    Admin token     {token}
    Data            {data}

  Stop it with Ctrl-C.
"""


WAITS_NO_MORE = "it does not wait for approval"

#: What becomes of runs by those who may not write.
FORK_POLICIES = {
    "ask": "ask each time",
    "first_timers": "ask for newcomers, and when .tisktask/ is changed",
    "never": "never run",
    "without_secrets": "run at once, restricted",
}

STOPPING = "\n  Stopping. Press Ctrl-C again to end everything at once."


def asks_for_labels(labels: Sequence[str], *, is_queued: bool) -> str:
    verb = "waits for" if is_queued else "asked for"
    return f"{verb} a runner with the {'label' if len(labels) == 1 else 'labels'} {', '.join(labels)}"


def attempt_label(number: int, total: int) -> str:
    return f"{number} of {total}" if total else str(number)


def retry_policy(retries: dict[str, Any]) -> str:
    """Say when a job is tried again: up to 2 more attempts, after exit code 75 or if its host is lost."""
    count, codes = retries["retries"], retries["on_codes"]
    after = [f"after exit {'code' if len(codes) == 1 else 'codes'} {', '.join(map(str, codes))}"] if codes else []
    after += ["if its host is lost"] if retries["on_lost"] else []
    more = f"up to {count} more {'attempt' if count == 1 else 'attempts'}"
    return f"{more} {' or '.join(after) or 'after any failure'}"


def starts_in(moment: str | None) -> str:
    """Say when an attempt that waits begins at the earliest."""
    if moment is None:
        return ""
    seconds = (datetime.fromisoformat(moment) - datetime.now(UTC)).total_seconds()
    return f"begins in {seconds:.0f} s" if seconds > 0 else "waits for a runner"
