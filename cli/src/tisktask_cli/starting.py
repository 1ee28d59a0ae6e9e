"""Starts a run of a repository that the server knows, and waits until it has begun."""

import sys
import time
from typing import Any
from uuid import uuid4

from tisktask_cli.api_client import Server, segment
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.output import print_json
from tisktask_cli.run_report import exit_code
from tisktask_cli.run_watch import wait_for_end, watch
from tisktask_common.git_names import is_sha

_LOOK_SECONDS = 0.3
_PATIENCE_SECONDS = 5.0
_NOBODY = "no runner has looked at the repository yet (tisktask runner list)"


def order_start(server: Server, repository: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Ask for a run. The request has an id: sent again to a server that is just starting, it makes one run."""
    body = {name: value for name, value in wanted.items() if value}
    if ref := body.get("ref"):
        body |= {"ref": None, "sha": ref} if is_sha(ref) else {}
    return server.post(f"/repositories/{segment(repository['id'])}/runs", {"request_id": uuid4().hex, **body})


def await_run(server: Server, start: dict[str, Any]) -> dict[str, Any]:
    """Wait until a wanted run has begun, and say why it has not if that takes a while; the run."""
    said = ""
    patient_until = time.monotonic() + _PATIENCE_SECONDS
    while start["state"] == "waiting":
        reason = start["reason"] or (_NOBODY if time.monotonic() > patient_until else "")
        if reason not in {"", said}:
            said = reason
            print(f"tisktask: still waiting: {said}", file=sys.stderr)
        time.sleep(_LOOK_SECONDS)
        start = server.get(f"/starts/{segment(start['id'])}")
    if start["state"] == "failed" or not start["run_id"]:
        raise CommandError(start["reason"] or "its run was deleted", Exit.FAILED)
    return server.get(f"/runs/{segment(start['run_id'])}")


def report_run(server: Server, run: dict[str, Any], *, as_json: bool, wait: bool, follow: bool) -> int:
    """Print a run that has begun, or with `wait` and `follow` what becomes of it."""
    page = f"{server.url}/runs/{run['id']}"
    if as_json:
        if wait or follow:
            run = wait_for_end(server, run["id"])
        print_json(run | {"url": page})
        return exit_code(run)
    title = run["title"] or ""
    print(f"{run['repository']} #{run['number']}  {run['event']}  {run['sha'][:10]}  {title}".rstrip())
    print(page, flush=True)
    return watch(server, run["id"], follow=follow) if wait or follow else Exit.DONE
