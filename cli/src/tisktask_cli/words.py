"""The words of `tisktask up` for people: what it shows when the stack is ready, and hints."""

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
