"""`tisktask run`: runs, seen and ended from a terminal."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli.api_client import segment
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.output import ago, json_option, lasted, print_json, print_table, state

_BAD_ENDS = {"failed", "errored", "cancelled", "timed_out"}


@click.group("run")
def command() -> None:
    """List, show and cancel runs."""


@command.command("list")
@data_dir_option
@json_option
@click.option("--repository", help="Only of this repository (owner/name).")
@click.option("--sha", help="Only of this commit, or of those that begin with it.")
@click.option("--state", help="Only in this state, or in one of several with commas.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@click.pass_context
def list_runs(context: click.Context, *, data_dir: Path | None, as_json: bool, limit: int, **wanted: Any) -> None:
    """List runs, the newest first."""
    page = server_of(context, data_dir).get("/runs", limit=limit, **wanted)
    if as_json:
        print_json(page)
        return
    rows = [
        [
            run["id"],
            run["repository"],
            f"#{run['number']}",
            run["event"],
            run["sha"][:10],
            run["state"],
            lasted(run["created_at"], run["finished_at"]),
            ago(run["created_at"]),
            (run["title"] or "")[:50],
        ]
        for run in page["items"]
    ]
    print_table(["run", "repository", "no", "event", "commit", "state", "took", "created", "title"], rows)


@command.command("show")
@click.argument("run_id", metavar="ID")
@data_dir_option
@json_option
@click.pass_context
def show(context: click.Context, run_id: str, *, data_dir: Path | None, as_json: bool) -> int:
    """Show a run and its jobs. The exit code is 1 if it has failed."""
    run = server_of(context, data_dir).get(f"/runs/{segment(run_id)}")
    if as_json:
        print_json(run)
    else:
        print_run(run)
    return exit_code(run)


@command.command("cancel")
@click.argument("run_id", metavar="ID")
@data_dir_option
@json_option
@click.pass_context
def cancel(context: click.Context, run_id: str, *, data_dir: Path | None, as_json: bool) -> int:
    """End a run and all its jobs."""
    done = server_of(context, data_dir).post(f"/runs/{segment(run_id)}/cancel")
    return print_order(done, as_json=as_json)


def print_run(run: dict[str, Any]) -> None:
    """Print a run with its jobs for people."""
    print(f"{run['repository']} #{run['number']}  {state(run['state'])}  {run['event']} {run['sha'][:10]}")
    for name in ("title", "reason"):
        if run.get(name):
            print(f"  {run[name]}")
    for warning in run.get("warnings") or []:
        print(f"  warning: {warning}")
    jobs = [job for job in [run.get("preparation"), *run["jobs"]] if job]
    print_table(["job", "name", "state", "exit", "took", "reason"], [_job_row(job) for job in jobs])


def exit_code(run: dict[str, Any]) -> int:
    return Exit.FAILED if run["state"] in _BAD_ENDS else Exit.DONE


def print_order(done: dict[str, Any], *, as_json: bool) -> int:
    """Print whether an order took effect."""
    if as_json:
        print_json(done)
    else:
        print("done" if done["accepted"] else f"not done: {done['reason'] or 'it had ended before'}")
    return Exit.DONE if done["accepted"] else Exit.FAILED


def _job_row(job: dict[str, Any]) -> list[str]:
    code = "-" if job["exit_code"] is None else str(job["exit_code"])
    took = lasted(job["started_at"], job["finished_at"])
    return [job["id"], job["name"], job["state"], code, took, job["reason"] or ""]
