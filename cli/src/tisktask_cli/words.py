"""The words of `tisktask up` for people: what it shows when the stack is ready, and hints."""

from collections.abc import Sequence
from pathlib import Path


def ready_banner(url: str, ingest_url: str, token: str, data: Path, seconds: float) -> str:
    return f"""
  Tisktask is ready ({seconds:.1f} s).

    Pages and API   {url}
    Webhooks        {ingest_url}/api/triggers/github   (or /forgejo, /gitea)
    Admin token     {token}
    Data            {data}

  Stop it with Ctrl-C.
"""


STOPPING = "\n  Stopping. Press Ctrl-C again to end everything at once."


def asks_for_labels(labels: Sequence[str], *, is_queued: bool) -> str:
    verb = "waits for" if is_queued else "asked for"
    return f"{verb} a runner with the {'label' if len(labels) == 1 else 'labels'} {', '.join(labels)}"
