"""Has a kept delivery taken once more, and finds the run that it becomes."""

import time
from typing import Any
from uuid import uuid4

from tisktask_cli.api_client import Server, segment
from tisktask_cli.errors import CommandError, Exit

#: A commit that the delivery does not tell is looked up first.
_APPEAR_SECONDS = 60.0
_LIST_MAX = 50


def replay(server: Server, name: str) -> dict[str, Any]:
    """Ask for it and wait for its run. The request has an id: sent again, it makes one trigger."""
    made = server.post(f"/triggers/{segment(name)}/replay", {"request_id": uuid4().hex})
    deadline = time.monotonic() + _APPEAR_SECONDS
    while time.monotonic() < deadline:
        for run in server.get("/runs", repository=made["repository"], limit=_LIST_MAX)["items"]:
            if run["trigger_id"] == made["trigger_id"]:
                return run
        time.sleep(0.1)
    raise CommandError(
        f"the delivery was taken as {made['trigger_id']}, but no run of it has appeared within {_APPEAR_SECONDS:.0f} s:"
        f" look at the page of {made['repository']}, or at the orchestrator with `tisktask doctor`",
        Exit.UNREACHABLE,
    )
