"""`tisktask trigger`: runs the jobs of a repository on this machine, through the door that webhooks take."""

import sys
from pathlib import Path

import click

from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.git_commit import read_commit
from tisktask_cli.output import json_option, print_json
from tisktask_cli.run_report import exit_code
from tisktask_cli.run_watch import find_run, wait_for_end, watch
from tisktask_cli.triggering import Delivery, choose_name, send


@click.command()
@click.argument("event", metavar="EVENT")
@click.option(
    "--path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    help="A git repository on this machine.",
)
@click.option("--repo", help="Name to run it under (owner/name).  [default: local/<folder's name>]")
@click.option("--ref", help="Branch, tag or commit.  [default: HEAD]")
@click.option("--action", help="Action of the event: opened, closed, ...")
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 1 if the run has failed.")
@click.option("--follow", is_flag=True, help="Wait, and print the jobs' logs as they grow.")
@data_dir_option
@json_option
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    event: str,
    *,
    path: Path,
    repo: str | None,
    ref: str | None,
    action: str | None,
    wait: bool,
    follow: bool,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Run the jobs in .tisktask/EVENT/ of a repository on this machine (EVENT: push, tag, manual, ...).

    What is committed is run, at HEAD or at --ref; nothing is pushed anywhere.
    """
    server = server_of(context, data_dir)
    commit = read_commit(path, ref)
    if commit.has_changes_besides:
        print("tisktask: note: changes that are not committed are not part of the run", file=sys.stderr)
    name = repo or choose_name(server, commit.folder)
    trigger_id = send(server, Delivery(name, event, action, commit))
    run = find_run(server, name, commit.sha, trigger_id)
    page = f"{server.url}/runs/{run['id']}"
    if as_json:
        if wait or follow:
            run = wait_for_end(server, run["id"])
        print_json(run | {"url": page})
        return exit_code(run)
    print(f"{name} #{run['number']}  {event}  {commit.sha[:10]}  {commit.title}\n{page}", flush=True)
    return watch(server, run["id"], follow=follow) if wait or follow else Exit.DONE
