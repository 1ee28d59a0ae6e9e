"""`tisktask run`: runs, seen, ended and run again from a terminal."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli import words
from tisktask_cli.api_client import segment
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.find_server import server_of
from tisktask_cli.output import ago, json_option, lasted, print_json, print_order, print_table
from tisktask_cli.rerun import order_rerun, print_rerun
from tisktask_cli.run_report import exit_code, print_run


@click.group("run")
def command() -> None:
    """List, show, approve, cancel, re-run and delete runs."""


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
    print_table(["run", "repository", "no", "event", "commit", "state", "took", "created", "title"], rows, "no runs")


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


@command.command("approve")
@click.argument("run_id", metavar="ID")
@data_dir_option
@json_option
@click.pass_context
def approve(context: click.Context, run_id: str, *, data_dir: Path | None, as_json: bool) -> int:
    """Let a run that waits for approval run: this commit, with the programs that `run show` lists."""
    done = server_of(context, data_dir).post(f"/runs/{segment(run_id)}/approve")
    return print_order(done, as_json=as_json, otherwise=words.WAITS_NO_MORE)


@command.command("decline")
@click.argument("run_id", metavar="ID")
@click.option("--reason", default="", help="A sentence; who made the change sees it at the forge.")
@data_dir_option
@json_option
@click.pass_context
def decline(context: click.Context, run_id: str, *, reason: str, data_dir: Path | None, as_json: bool) -> int:
    """End a run that waits for approval; nothing of it runs."""
    done = server_of(context, data_dir).post(f"/runs/{segment(run_id)}/decline", {"reason": reason})
    return print_order(done, as_json=as_json, otherwise=words.WAITS_NO_MORE)


@command.command("delete")
@click.argument("run_id", metavar="ID")
@data_dir_option
@json_option
@click.pass_context
def delete(context: click.Context, run_id: str, *, data_dir: Path | None, as_json: bool) -> int:
    """Delete a run that has ended, with its jobs, their logs and all that is known of them."""
    done = server_of(context, data_dir).delete(f"/runs/{segment(run_id)}")
    return print_order(done, as_json=as_json)


@command.command("rerun")
@click.argument("run_id", metavar="ID")
@click.option("--failed", is_flag=True, help="Only the jobs that have not succeeded; the others are carried over.")
@data_dir_option
@json_option
@click.pass_context
def rerun(context: click.Context, run_id: str, *, failed: bool, data_dir: Path | None, as_json: bool) -> int:
    """Run a run that has ended again, as a new run of the same commit."""
    server = server_of(context, data_dir)
    made = order_rerun(server, f"/runs/{segment(run_id)}/rerun", failed=failed)
    return print_rerun(server, made, as_json=as_json)
