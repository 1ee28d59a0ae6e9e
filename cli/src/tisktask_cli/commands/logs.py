"""`tisktask logs`: a job's log, whole or as it grows."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from tisktask_cli.api_client import Server
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.find_server import server_of
from tisktask_cli.log_follow import LogOf, follow_lines, text_of
from tisktask_cli.output import json_option


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows, until its end.")
@click.option("--container", default="", metavar="NAME", help="Of this container beside the job.")
@click.option("--attempt", type=click.IntRange(1), help="Of this attempt; the newest if not given.")
@data_dir_option
@json_option
@click.pass_context
def command(
    context: click.Context, job_id: str, *, follow: bool, data_dir: Path | None, as_json: bool, **whose: Any
) -> None:
    """Print the log of a job, byte for byte as it was written; with --json one object per line."""
    server = server_of(context, data_dir)
    wanted = LogOf(job_id, whose["attempt"], whose["container"])
    if as_json:
        for line in follow_lines(server, wanted) if follow else _stored_lines(server, wanted):
            print(json.dumps(line, ensure_ascii=False), flush=True)
    elif follow:
        _print_as_it_grows(follow_lines(server, wanted))
    else:
        sys.stdout.buffer.write(server.text(f"{wanted.path}?{urlencode(wanted.query)}"))
        sys.stdout.buffer.flush()


def _stored_lines(server: Server, wanted: LogOf) -> Iterator[dict[str, Any]]:
    following = 1
    while True:
        page = server.get(wanted.path, from_line=following, lines=1000, **wanted.query)
        if not page["lines"]:
            return
        yield from page["lines"]
        following = page["lines"][-1]["n"] + 1


def _print_as_it_grows(lines: Iterator[dict[str, Any]]) -> None:
    """Print each line once; of one that grows only what is new."""
    open_number, open_text = 0, ""
    for line in lines:
        text = text_of(line)
        sys.stdout.write(text.removeprefix(open_text) if line["n"] == open_number else text)
        open_number, open_text = (line["n"], text) if line["partial"] else (0, "")
        if not line["partial"]:
            sys.stdout.write("\n")
        sys.stdout.flush()
