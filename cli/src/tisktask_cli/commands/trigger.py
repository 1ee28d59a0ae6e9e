"""`tisktask trigger`: runs the jobs of a repository: of a folder on this machine, or of one that the server knows."""

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from tisktask_cli.api_client import Server
from tisktask_cli.commands.repo_settings import match_repositories, only_one
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError
from tisktask_cli.find_server import server_of
from tisktask_cli.forge_addresses import FORGES
from tisktask_cli.git_commit import read_commit, repository_folder
from tisktask_cli.output import json_option
from tisktask_cli.replaying import replay
from tisktask_cli.run_inputs import input_option, read_inputs
from tisktask_cli.run_watch import find_run
from tisktask_cli.starting import await_run, order_start, report_run
from tisktask_cli.triggering import FORGE as LOCAL
from tisktask_cli.triggering import Delivery, choose_name, send


@click.command()
@click.argument("event", metavar="EVENT|replay")
@click.argument("replayed", metavar="[RUN|DELIVERY]", required=False)
@click.option(
    "--path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    show_default=True,
    help="A git repository on this machine.",
)
@click.option(
    "--repo",
    metavar="OWNER/NAME|ID",
    help="A repository that the server knows; with --path: the name to run it under.  [default: local/<folder's name>]",
)
@click.option("--forge", type=click.Choice((*FORGES, LOCAL)), help="If there is the name on several forges.")
@click.option("--ref", help="Branch, tag or commit.  [default: HEAD, or the default branch]")
@click.option("--action", metavar="NAME", help="Folder below the event's: an action (opened, ...), or any name.")
@input_option
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 1 if the run has failed.")
@click.option("--follow", is_flag=True, help="Wait, and print the jobs' logs as they grow.")
@data_dir_option
@json_option
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    event: str,
    replayed: str | None,
    *,
    path: Path,
    repo: str | None,
    forge: str | None,
    ref: str | None,
    action: str | None,
    inputs: tuple[str, ...],
    wait: bool,
    follow: bool,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Run the jobs in .tisktask/EVENT/ (EVENT: manual, push, tag, ...).

    With --repo, of a repository that the server knows: what --ref leads to at its forge. Else of a repository on this
    machine: what is committed, at HEAD or at --ref; nothing is pushed anywhere.

    `tisktask trigger replay RUN|DELIVERY` takes the webhook's delivery once more that a run was made of, or that its
    forge calls so. Deliveries are kept for seven days.
    """
    if (event == "replay") != (replayed is not None):
        raise click.UsageError("replay needs the id of a run or a delivery; other events take none")
    if replayed is not None:
        server = server_of(context, data_dir)
        return report_run(server, replay(server, replayed), as_json=as_json, wait=wait, follow=follow)
    wanted = {"event": event, "action": action, "ref": ref, "inputs": read_inputs(inputs)}
    server = server_of(context, data_dir)
    is_path_given = context.get_parameter_source("path") is ParameterSource.COMMANDLINE
    known = None if is_path_given or repo is None else _find_known(server, repo, forge)
    run = await_run(server, order_start(server, known, wanted)) if known else _run_folder(server, path, repo, wanted)
    return report_run(server, run, as_json=as_json, wait=wait, follow=follow)


def _find_known(server: Server, repository: str, forge: str | None) -> dict[str, Any] | None:
    """Find a repository of the server's by its name; not one whose folder we are in: that is run as it is."""
    matches = match_repositories(server, repository, forge)
    if not matches:
        return None
    found = only_one(matches, repository)
    return None if found["forge"] == LOCAL and found["clone_url"] == _current_folder() else found


def _current_folder() -> str | None:
    try:
        return str(repository_folder(Path()))
    except CommandError:
        # Not in a repository at all.
        return None


def _run_folder(server: Server, path: Path, repo: str | None, wanted: dict[str, Any]) -> dict[str, Any]:
    commit = read_commit(path, wanted["ref"])
    if commit.has_changes_besides:
        print("tisktask: note: changes that are not committed are not part of the run", file=sys.stderr)
    name = repo or choose_name(server, commit.folder)
    trigger_id = send(server, Delivery(name, wanted["event"], wanted["action"], commit, wanted["inputs"]))
    return find_run(server, name, commit.sha, trigger_id)
