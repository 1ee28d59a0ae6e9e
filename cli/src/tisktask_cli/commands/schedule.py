"""`tisktask schedule`: runs of a repository at certain times."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import uuid4

import click

from tisktask_cli.api_client import Server, segment
from tisktask_cli.commands.repo_settings import find_repository
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.forge_addresses import FORGES
from tisktask_cli.output import json_option, print_json, print_order, print_table
from tisktask_cli.run_inputs import input_option, read_inputs
from tisktask_cli.schedule_report import last_of, next_of, print_schedule
from tisktask_cli.starting import await_run, report_run
from tisktask_cli.triggering import FORGE as LOCAL

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_DEFAULT_BRANCH = "default"


@click.group("schedule")
def command() -> None:
    """Run the jobs in .tisktask/schedule/ of a repository at certain times."""


def _repository(function: CommandT) -> CommandT:
    """Add what every command here is told: the repository."""
    forge = click.option("--forge", type=click.Choice((*FORGES, LOCAL)), help="If there is the name on several forges.")
    return click.argument("repository", metavar="OWNER/NAME|ID")(forge(function))


def _schedule(function: CommandT) -> CommandT:
    """Add repository and name of a schedule."""
    return _repository(click.argument("name", metavar="NAME")(json_option(data_dir_option(function))))


def _terms(function: CommandT) -> CommandT:
    """Add what a schedule says besides its times."""
    zone = click.option("--time-zone", metavar="ZONE", help="Of the IANA database: Europe/Berlin.  [default: UTC]")
    ref = click.option("--ref", help=f"Branch or tag; {_DEFAULT_BRANCH}: the default branch.  [default: that]")
    overlap = click.option(
        "--overlap",
        type=click.Choice(["skip", "allow"]),
        help="If it is due while its last run works.  [default: skip]",
    )
    return zone(ref(input_option(overlap(function))))


@command.command("add")
@_schedule
@click.argument("cron", metavar="CRON")
@_terms
@click.option("--paused", "is_paused", is_flag=True, help="It rests until it is resumed.")
@click.pass_context
def add(context: click.Context, repository: str, forge: str | None, name: str, **given: Any) -> None:
    """Add a schedule: CRON is five fields, as in "30 3 * * MON-FRI", or @daily, @hourly, ...

    Its jobs are .tisktask/schedule/* and .tisktask/schedule/NAME/*.
    """
    server, path = _find(context, given, repository, forge)
    body = {"name": name, "cron": given["cron"], "is_paused": given["is_paused"]} | _given_terms(given)
    _print(server.post(path, body), as_json=given["as_json"])


@command.command("set")
@_schedule
@click.option("--cron", help="When it is due.")
@_terms
@click.pass_context
def change(context: click.Context, repository: str, forge: str | None, name: str, **given: Any) -> None:
    """Change a schedule. What is not given stays as it is; inputs are replaced all together."""
    body = _given_terms(given) | ({"cron": given["cron"]} if given["cron"] else {})
    if not body:
        raise CommandError("say what to change: `tisktask schedule set --help` lists it", Exit.USAGE)
    server, path = _find(context, given, repository, forge)
    _print(server.patch(f"{path}/{segment(name)}", body), as_json=given["as_json"])


@command.command("list")
@_repository
@data_dir_option
@json_option
@click.pass_context
def list_schedules(context: click.Context, repository: str, forge: str | None, **given: Any) -> None:
    """List the schedules of a repository."""
    server, path = _find(context, given, repository, forge)
    page = server.get(path)
    if given["as_json"]:
        print_json(page)
        return
    rows = [
        [one["name"], one["cron"], one["time_zone"], one["ref"] or "default branch", next_of(one), last_of(one)]
        for one in page["items"]
    ]
    print_table(["schedule", "cron", "time zone", "of", "next", "last"], rows)


@command.command("show")
@_schedule
@click.pass_context
def show(context: click.Context, repository: str, forge: str | None, name: str, **given: Any) -> None:
    """Show a schedule, when it is due next, and what became of it last."""
    server, path = _find(context, given, repository, forge)
    _print(server.get(f"{path}/{segment(name)}"), as_json=given["as_json"])


@command.command("pause")
@_schedule
@click.pass_context
def pause(context: click.Context, repository: str, forge: str | None, name: str, **given: Any) -> None:
    """Let a schedule rest. What passes meanwhile is not made up for."""
    server, path = _find(context, given, repository, forge)
    _print(server.patch(f"{path}/{segment(name)}", {"is_paused": True}), as_json=given["as_json"])


@command.command("resume")
@_schedule
@click.pass_context
def resume(context: click.Context, repository: str, forge: str | None, name: str, **given: Any) -> None:
    """Let a schedule go on, from now."""
    server, path = _find(context, given, repository, forge)
    _print(server.patch(f"{path}/{segment(name)}", {"is_paused": False}), as_json=given["as_json"])


@command.command("remove")
@_schedule
@click.pass_context
def remove(context: click.Context, repository: str, forge: str | None, name: str, **given: Any) -> int:
    """Remove a schedule. Its runs stay."""
    server, path = _find(context, given, repository, forge)
    return print_order(server.delete(f"{path}/{segment(name)}"), as_json=given["as_json"])


@command.command("run")
@_schedule
@click.option("--wait", is_flag=True, help="Wait for the end; the exit code is 1 if the run has failed.")
@click.option("--follow", is_flag=True, help="Wait, and print the jobs' logs as they grow.")
@click.pass_context
def run_now(context: click.Context, repository: str, forge: str | None, name: str, **given: Any) -> int:
    """Start a run of a schedule now, whatever its times; also if it is paused."""
    server, path = _find(context, given, repository, forge)
    start = server.post(f"{path}/{segment(name)}/run", {"request_id": uuid4().hex})
    run = await_run(server, start)
    return report_run(server, run, as_json=given["as_json"], wait=given["wait"], follow=given["follow"])


def _find(context: click.Context, given: dict[str, Any], repository: str, forge: str | None) -> tuple[Server, str]:
    """Find the server, and where it has the repository's schedules."""
    server = server_of(context, given["data_dir"])
    found = find_repository(server, repository, forge)
    return server, f"/repositories/{segment(found['id'])}/schedules"


def _given_terms(given: dict[str, Any]) -> dict[str, Any]:
    terms = {name: given[name] for name in ("time_zone", "overlap") if given[name]}
    if given["ref"]:
        terms["ref"] = None if given["ref"] == _DEFAULT_BRANCH else given["ref"]
    if given["inputs"]:
        terms["inputs"] = read_inputs(given["inputs"])
    return terms


def _print(schedule: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(schedule)
    else:
        print_schedule(schedule)
