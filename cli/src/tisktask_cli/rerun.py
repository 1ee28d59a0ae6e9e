"""Asks for a new run of what has ended, and says which it is."""

from typing import Any
from uuid import uuid4

from tisktask_cli.api_client import Server
from tisktask_cli.errors import Exit
from tisktask_cli.output import print_json


def order_rerun(server: Server, path: str, **wanted: bool) -> dict[str, Any]:
    """Ask for the new run. The request has an id: sent again to a server that is just starting, it makes one run."""
    return server.post(path, {"request_id": uuid4().hex, **wanted})


def print_rerun(server: Server, made: dict[str, Any], *, as_json: bool) -> int:
    page = f"{server.url}/runs/{made['run_id']}"
    if as_json:
        print_json(made | {"url": page})
    else:
        print(f"run {made['run_id']} (#{made['number']})\n{page}")
    return Exit.DONE
