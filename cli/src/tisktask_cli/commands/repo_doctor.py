"""`tisktask repo doctor` and `rotate-secret`: what is wrong at a repository's forge, and another webhook secret."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli import words_for_setup as words
from tisktask_cli.api_client import Server, segment
from tisktask_cli.commands.repo_settings import find_repository
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.forge_addresses import FORGES
from tisktask_cli.output import json_option, print_json, printable, state
from tisktask_cli.repository_setup import FORGE_SECONDS, try_hook, wait_for_exchange
from tisktask_cli.triggering import FORGE as LOCAL

_forge = click.option("--forge", type=click.Choice((*FORGES, LOCAL)), help="If there is the name on several forges.")


@click.command("doctor")
@click.argument("repository", metavar="[OWNER/NAME|ID]", required=False)
@_forge
@data_dir_option
@json_option
@click.pass_context
def doctor(
    context: click.Context, repository: str | None, *, forge: str | None, data_dir: Path | None, as_json: bool
) -> int:
    """Find out what is wrong at the forge of a repository, or of all. Nothing is changed; 1 if there is a problem."""
    server = server_of(context, data_dir)
    found = _choose(server, repository, forge)
    checked = [item | {"checkup": _check_up(server, item)} for item in found]
    if as_json:
        kept = ("id", "forge", "full_name", "checkup")
        print_json({"items": [{name: item[name] for name in kept} for item in checked]})
    else:
        for item in checked:
            _print(item)
        if not checked:
            print("no repositories with a forge that could be asked")
    return Exit.DONE if all(item["checkup"]["is_well"] for item in checked) else Exit.FAILED


@click.command("rotate-secret")
@click.argument("repository", metavar="OWNER/NAME|ID")
@_forge
@click.option(
    "--wait", "wait_seconds", type=click.IntRange(0, 60), default=15, help="For a test delivery; 0: send none."
)
@data_dir_option
@json_option
@click.pass_context
def rotate_secret(
    context: click.Context,
    repository: str,
    *,
    forge: str | None,
    wait_seconds: int,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Exchange the webhook's secret. Old and new are good until the forge has signed a delivery with the new one."""
    server = server_of(context, data_dir)
    path = f"/repositories/{segment(find_repository(server, repository, forge)['id'])}"
    done = server.post(f"{path}/webhook/secret", seconds=FORGE_SECONDS)
    trial = try_hook(server, path, wait_seconds) if done["is_told"] and wait_seconds else None
    has_arrived = trial is not None and trial["arrival"] == "arrived"
    is_exchanged = has_arrived and wait_for_exchange(server, path, wait_seconds)
    if as_json:
        print_json(done | {"test": trial, "is_exchanged": is_exchanged})
    else:
        for line in words.rotated_lines(done, trial, is_exchanged=is_exchanged):
            print(line)
    return Exit.DONE if done["is_told"] else Exit.FAILED


def _choose(server: Server, repository: str | None, forge: str | None) -> list[dict[str, Any]]:
    if repository is not None:
        return [find_repository(server, repository, forge)]
    # Of local ones there is nobody to ask: they are looked at only if they are meant.
    items = server.get("/repositories")["items"]
    return [item for item in items if item["forge"] == forge or (forge is None and item["forge"] != LOCAL)]


def _check_up(server: Server, item: dict[str, Any]) -> dict[str, Any]:
    try:
        return server.get_patiently(f"/repositories/{segment(item['id'])}/checkup", 2 * FORGE_SECONDS)
    except CommandError as error:
        if error.exit_code is Exit.UNREACHABLE:
            raise
        finding = {"name": "server", "state": "problem", "detail": str(error), "advice": ""}
        return {"items": [finding], "is_well": False}


def _print(item: dict[str, Any]) -> None:
    print(printable(f"{item['full_name']} ({item['forge']})"))
    findings = item["checkup"]["items"]
    width = max(len(finding["name"]) for finding in findings)
    for finding in findings:
        print(
            f"  {state(finding['state'], 8)}  {finding['name'].ljust(width)}  {printable(finding['detail'])}".rstrip()
        )
        if finding["advice"]:
            print(f"  {'':8}  {'':{width}}  -> {printable(finding['advice'])}")
