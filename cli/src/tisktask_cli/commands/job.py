"""`tisktask job`: single jobs."""

from pathlib import Path

import click

from tisktask_cli.api_client import segment
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.find_server import server_of
from tisktask_cli.output import json_option, lasted, print_json, print_order, print_table, state
from tisktask_cli.run_report import exit_code
from tisktask_cli.words import asks_for_labels


@click.group("job")
def command() -> None:
    """Show and cancel jobs."""


@command.command("show")
@click.argument("job_id", metavar="ID")
@data_dir_option
@json_option
@click.pass_context
def show(context: click.Context, job_id: str, *, data_dir: Path | None, as_json: bool) -> int:
    """Show a job and its attempts. The exit code is 1 if it has failed."""
    job = server_of(context, data_dir).get(f"/jobs/{segment(job_id)}")
    if as_json:
        print_json(job)
        return exit_code(job)
    print(f"{job['name']}  {state(job['state'])}  of run {job['run_id']}")
    if job["reason"]:
        print(f"  {job['reason']}")
    if job["labels"]:
        print(f"  {asks_for_labels(job['labels'], is_queued=job['state'] == 'queued')}")
    rows = [
        [
            str(attempt["attempt"]),
            attempt["state"],
            attempt["runner"] or "-",
            "-" if attempt["exit_code"] is None else str(attempt["exit_code"]),
            lasted(attempt["started_at"], attempt["finished_at"]),
            attempt["reason"] or "",
        ]
        for attempt in job["attempts"]
    ]
    print_table(["attempt", "state", "runner", "exit", "took", "reason"], rows)
    return exit_code(job)


@command.command("cancel")
@click.argument("job_id", metavar="ID")
@data_dir_option
@json_option
@click.pass_context
def cancel(context: click.Context, job_id: str, *, data_dir: Path | None, as_json: bool) -> int:
    """End a job."""
    done = server_of(context, data_dir).post(f"/jobs/{segment(job_id)}/cancel")
    return print_order(done, as_json=as_json)
