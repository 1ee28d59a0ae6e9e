"""`tisktask retention`: what is deleted by itself, seen before it is."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.find_server import server_of
from tisktask_cli.output import json_option, print_json
from tisktask_cli.retention_report import print_retention


@click.group("retention")
def command() -> None:
    """Show which runs, triggers and logs are deleted by themselves, and what the others are kept for."""


@command.command("show", short_help="Show which runs, triggers and logs would be deleted now.")
@click.option("--repository", default="", help="Only of this repository (owner/name, or its id).")
@data_dir_option
@json_option
@click.pass_context
def show(context: click.Context, *, repository: str, data_dir: Path | None, as_json: bool) -> None:
    """Show which runs, triggers and logs would be deleted now, by which rule, and why the rest is kept.

    Nothing is deleted. Statuses, streams, images and mirrors go by rules of their own, and are not counted.
    """
    report: dict[str, Any] = server_of(context, data_dir).get("/retention", repository=repository or None)
    if as_json:
        print_json(report)
    else:
        print_retention(report)
