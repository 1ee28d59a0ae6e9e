"""`tisktask doctor`: what is wrong with this machine or its stack, and what to do about it."""

import asyncio
import os
from pathlib import Path

import click

from tisktask_cli.data_directory import chosen_data_directory, data_dir_option, find_data_directory
from tisktask_cli.diagnosis.finding import Finding
from tisktask_cli.diagnosis.machine import check_disk, check_machine
from tisktask_cli.diagnosis.stack import check_server, check_stack
from tisktask_cli.errors import Exit
from tisktask_cli.find_server import find_server
from tisktask_cli.output import json_option, print_json, state
from tisktask_cli.stack.layout import Layout
from tisktask_common.process.logging import set_up_logging


@click.command()
@data_dir_option
@json_option
@click.pass_context
def command(context: click.Context, *, data_dir: Path | None, as_json: bool) -> int:
    """Look at this machine and its stack (or at TISKTASK_URL's server). The exit code is 1 if there is a problem."""
    set_up_logging("doctor", "text", "error")
    findings = _look(data_dir or context.obj)
    problems = [finding for finding in findings if finding.level == "problem"]
    if as_json:
        print_json({"healthy": not problems, "findings": [finding.as_json() for finding in findings]})
    else:
        _print(findings)
    return Exit.FAILED if problems else Exit.DONE


def _look(data_dir: Path | None) -> list[Finding]:
    if os.environ.get("TISKTASK_URL") and data_dir is None:
        return asyncio.run(check_server(find_server(None)))
    layout = Layout.of(chosen_data_directory(data_dir) or find_data_directory())
    return [
        *check_machine(layout.state("runner")),
        check_disk(layout.root),
        *asyncio.run(check_stack(layout)),
    ]


def _print(findings: list[Finding]) -> None:
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        print(f"{state(finding.level, 8)}  {finding.check.ljust(width)}  {finding.message}")
        if finding.remedy:
            print(f"{'':8}  {'':{width}}  -> {finding.remedy}")
