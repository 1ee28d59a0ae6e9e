"""`tisktask repo`: the repositories whose webhooks are taken."""

import secrets
import sys
from pathlib import Path
from typing import Any

import click

from tisktask_cli.api_client import Server, segment
from tisktask_cli.commands.repo_app import app
from tisktask_cli.commands.repo_settings import change, find_repository, show, superseding
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.forge_addresses import FORGES, ForgeRepository, is_local, read_address, webhook_hint
from tisktask_cli.git_commit import default_name, repository_folder
from tisktask_cli.output import ago, json_option, print_json, print_order, print_table
from tisktask_cli.triggering import FORGE as LOCAL
from tisktask_cli.triggering import webhook_secret

_SECRET_BYTES_MAX = 4096
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)


@click.group("repo")
def command() -> None:
    """Add, list, change and remove repositories."""


command.add_command(show)
command.add_command(change)
command.add_command(app)


@command.command("add")
@click.argument("url", metavar="URL")
@click.option("--name", metavar="OWNER/NAME", help="As the forge shows it.  [default: the end of URL]")
@click.option("--forge", type=click.Choice(FORGES), help="Kind of the forge.  [default: by the host, if it is known]")
@click.option("--api-url", help="Where the forge takes statuses; empty: nowhere.  [default: by forge and host]")
@click.option("--token-file", type=_FILE, help="File with the token for fetching and for statuses; -: standard input.")
@click.option("--webhook-secret-file", type=_FILE, help="File with the webhook's secret.  [default: one is made]")
@data_dir_option
@json_option
@click.pass_context
def add(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    url: str,
    *,
    name: str | None,
    forge: str | None,
    api_url: str | None,
    token_file: Path | None,
    webhook_secret_file: Path | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Take webhooks of a repository, or change how that is done. What is not given stays as it is."""
    if is_local(url):
        folder = repository_folder(Path(url).expanduser())
        found = ForgeRepository(LOCAL, name or default_name(folder), str(folder), "")
    else:
        found = read_address(url, forge, name, api_url)
    token = _read_secret(token_file)
    secret = _read_secret(webhook_secret_file)
    server = server_of(context, data_dir)
    made = None
    if secret is None and not _has_secret(server, found):
        secret = made = webhook_secret(server.token, found.full_name) if found.forge == LOCAL else _new_secret()
    added = server.post("/repositories", _request(found, token, secret))
    webhook_url = f"{server.ingest_url or '<address of ingest>'}/api/triggers/{found.forge}"
    shown = made if found.forge != LOCAL else None
    if as_json:
        print_json(added | {"webhook_url": webhook_url} | ({"webhook_secret": shown} if shown else {}))
    else:
        _print_added(added, webhook_url, shown)


@command.command("list")
@data_dir_option
@json_option
@click.pass_context
def list_repositories(context: click.Context, *, data_dir: Path | None, as_json: bool) -> None:
    """List the repositories whose webhooks are taken."""
    page = server_of(context, data_dir).get("/repositories")
    if as_json:
        print_json(page)
        return
    rows = [
        [
            item["full_name"],
            item["forge"],
            item["clone_url"],
            "yes" if item["has_token"] else "no",
            "yes" if item["has_webhook_secret"] else "no",
            superseding(item),
            "no limit" if item["jobs_max"] is None else str(item["jobs_max"]),
            str(item["priority"]),
            ago(item["created_at"]),
        ]
        for item in page["items"]
    ]
    header = ["repository", "forge", "clone address", "token", "secret", "superseding", "jobs", "priority", "added"]
    print_table(header, rows, "no repositories: `tisktask repo add` adds one")


@command.command("remove")
@click.argument("repository", metavar="OWNER/NAME|ID")
@click.option("--forge", type=click.Choice((*FORGES, LOCAL)), help="If there is the name on several forges.")
@data_dir_option
@json_option
@click.pass_context
def remove(context: click.Context, repository: str, *, forge: str | None, data_dir: Path | None, as_json: bool) -> int:
    """Take no more webhooks of a repository. Its runs stay as long as runs are kept."""
    server = server_of(context, data_dir)
    found = find_repository(server, repository, forge)
    return print_order(server.delete(f"/repositories/{segment(found['id'])}"), as_json=as_json)


def _request(found: ForgeRepository, token: str | None, secret: str | None) -> dict[str, Any]:
    given = {"token": token, "webhook_secret": secret}
    return {
        "forge": found.forge,
        "full_name": found.full_name,
        "clone_url": found.clone_url,
        "api_url": found.api_url,
    } | {field: value for field, value in given.items() if value is not None}


def _has_secret(server: Server, found: ForgeRepository) -> bool:
    return any(
        item["has_webhook_secret"]
        for item in server.get("/repositories")["items"]
        if (item["forge"], item["full_name"]) == (found.forge, found.full_name)
    )


def _read_secret(file: Path | None) -> str | None:
    """Read a secret from a file: arguments are visible to every user of the machine, files are not."""
    if file is None:
        return None
    text = (sys.stdin.read(_SECRET_BYTES_MAX + 1) if str(file) == "-" else file.read_text()).strip()
    if not text:
        raise CommandError(f"{file} is empty", Exit.USAGE)
    if len(text) > _SECRET_BYTES_MAX or not text.isprintable():
        raise CommandError(f"{file} does not hold a single secret: one line, {_SECRET_BYTES_MAX} characters at most")
    return text


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _print_added(added: dict[str, Any], webhook_url: str, secret: str | None) -> None:
    print(f"{added['full_name']} ({added['forge']}) is known as {added['id']}.")
    if not added["has_token"] and added["forge"] != LOCAL:
        print("It has no token: only public code can be fetched, and the forge will not show states (--token-file).")
    if secret:
        print(f"\nWebhook secret, shown this once:\n  {secret}")
    if added["forge"] != LOCAL:
        print(f"\n{webhook_hint(added['forge'], webhook_url)}")
