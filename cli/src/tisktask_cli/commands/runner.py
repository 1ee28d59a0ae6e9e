"""`tisktask runner`: the runners and what they do."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.find_server import server_of
from tisktask_cli.output import ago, json_option, print_json, print_table


@click.group("runner")
def command() -> None:
    """List runners."""


@command.command("list")
@data_dir_option
@json_option
@click.pass_context
def list_runners(context: click.Context, *, data_dir: Path | None, as_json: bool) -> None:
    """List the runner processes: their host, their slots, and whether they are alive.

    Jobs that wait for others lend their slots: a runner may have more jobs than slots.
    """
    page = server_of(context, data_dir).get("/runners")
    if as_json:
        print_json(page)
        return
    rows = [
        [
            runner["runner"],
            runner["replica"],
            _condition(runner),
            f"{runner['busy'] or 0}/{runner['slots']}",
            str(runner["waiting"]),
            " ".join(runner["labels"]) or "-",
            ago(runner["last_seen_at"]),
            runner["version"] or "-",
            runner["engine"] or "-",
        ]
        for runner in page["items"]
    ]
    print_table(["host", "replica", "state", "busy", "waiting", "labels", "seen", "version", "engine"], rows)


def _condition(runner: dict[str, Any]) -> str:
    if not runner["is_alive"]:
        return "lost"
    return "draining" if runner["is_draining"] else "alive"
