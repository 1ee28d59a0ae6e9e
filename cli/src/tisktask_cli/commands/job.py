"""`tisktask job`: single jobs."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli.api_client import segment
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.find_server import server_of
from tisktask_cli.output import json_option, lasted, print_json, print_order, print_table, printable, state
from tisktask_cli.rerun import order_rerun, print_rerun
from tisktask_cli.run_report import exit_code
from tisktask_cli.words import asks_for_labels, attempt_label, retry_policy, starts_in


@click.group("job")
def command() -> None:
    """Show, cancel and re-run jobs."""


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
    _print_head(job)
    if job["labels"]:
        print(f"  {asks_for_labels(job['labels'], is_queued=job['state'] == 'queued')}")
    _print_attempts(job)
    if containers := job.get("containers"):
        rows = [[container["name"], str(container["attempt"])] for container in containers]
        print_table(["container", "attempt"], rows)
    if job.get("summary"):
        print("\n" + "\n".join(printable(line) for line in job["summary"].splitlines()))
    return exit_code(job)


def _print_head(job: dict[str, Any]) -> None:
    name = f"{job['title']} ({job['name']})" if job.get("title") else job["name"]
    print(f"{printable(name)}  {state(job['state'])}  of run {job['run_id']}")
    said = {
        "started by": job.get("parent_job_id"),
        "ran as": job.get("carried_from"),
        "runs": job.get("shell") or " ".join([job["path"] or "", *(job.get("arguments") or [])]).strip(),
        "labels": ", ".join(job.get("labels") or []),
        "says": job.get("status_text"),
        "with its jobs": job.get("result") if job.get("result") != job["state"] else "",
    }
    if job["reason"]:
        print(f"  {printable(job['reason'])}")
    for what, text in said.items():
        if text:
            print(f"  {what}: {printable(text)}")


def _print_attempts(job: dict[str, Any]) -> None:
    """Print the attempts that were made, and the one that waits."""
    retries = job.get("retries")
    total = job["attempt"] + retries["retries"] - retries["used"] if retries else 0
    rows = [
        [
            attempt_label(attempt["attempt"], total),
            attempt["state"],
            attempt["runner"] or "-",
            "-" if attempt["exit_code"] is None else str(attempt["exit_code"]),
            lasted(attempt["started_at"], attempt["finished_at"]),
            attempt["reason"] or "",
        ]
        for attempt in job["attempts"]
    ]
    if job["state"] == "queued" and rows:
        begins = starts_in(retries.get("next_not_before")) if retries else ""
        rows.append([attempt_label(job["attempt"], total), "queued", "-", "-", "-", begins])
    if retries:
        print(f"  {retry_policy(retries)}")
    print_table(["attempt", "state", "runner", "exit", "took", "reason"], rows)
    if len(job["attempts"]) > 1:
        print(f"  log of one: tisktask logs {job['id']} --attempt N")


@command.command("cancel")
@click.argument("job_id", metavar="ID")
@data_dir_option
@json_option
@click.pass_context
def cancel(context: click.Context, job_id: str, *, data_dir: Path | None, as_json: bool) -> int:
    """End a job."""
    done = server_of(context, data_dir).post(f"/jobs/{segment(job_id)}/cancel")
    return print_order(done, as_json=as_json)


@command.command("rerun", short_help="Run one job of a run again, in a new run.")
@click.argument("job_id", metavar="ID")
@data_dir_option
@json_option
@click.pass_context
def rerun(context: click.Context, job_id: str, *, data_dir: Path | None, as_json: bool) -> int:
    """Run one job of a run that has ended again, in a new run; the others are carried over.

    A job that another has started is run again with the one that its line began with.
    """
    server = server_of(context, data_dir)
    return print_rerun(server, order_rerun(server, f"/jobs/{segment(job_id)}/rerun"), as_json=as_json)
