"""`tisktask repo`: the repositories whose webhooks are taken."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli import words_for_setup as words
from tisktask_cli.api_client import Server, segment
from tisktask_cli.commands.repo_app import app
from tisktask_cli.commands.repo_doctor import doctor, rotate_secret
from tisktask_cli.commands.repo_settings import change, find_repository, show, superseding
from tisktask_cli.commands.repo_sync import sync
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.forge_addresses import FORGES, ForgeRepository, is_local, webhook_hint
from tisktask_cli.git_commit import default_name, repository_folder
from tisktask_cli.new_repositories import new_repository, new_secret, read_secret
from tisktask_cli.output import ago, json_option, print_json, print_order, print_table, printable
from tisktask_cli.repository_setup import Connection, Said, Wish, connect, find_forge
from tisktask_cli.triggering import FORGE as LOCAL
from tisktask_cli.triggering import webhook_secret

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)


@click.group("repo")
def command() -> None:
    """Add, list, change and remove repositories."""


command.add_command(show)
command.add_command(change)
command.add_command(app)
command.add_command(doctor)
command.add_command(rotate_secret)
command.add_command(sync)


@command.command("add")
@click.argument("url", metavar="URL")
@click.option("--name", metavar="OWNER/NAME", help="As the forge shows it.  [default: the end of URL]")
@click.option("--forge", type=click.Choice(FORGES), help="Kind of the forge.  [default: by the host, if it is known]")
@click.option("--api-url", help="Where the forge takes statuses; empty: nowhere.  [default: by forge and host]")
@click.option("--token-file", type=_FILE, help="File with the token for fetching and for statuses; -: standard input.")
@click.option("--webhook-secret-file", type=_FILE, help="File with the webhook's secret.  [default: one is made]")
@click.option("--webhook-url", default="", help="Where the forge reaches Tisktask.  [default: TISKTASK_WEBHOOK_URL]")
@click.option("--no-webhook", is_flag=True, help="Do not make the webhook: it is set up by hand.")
@click.option(
    "--wait", "wait_seconds", type=click.IntRange(0, 60), default=15, help="For a test delivery; 0: send none."
)
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
    webhook_url: str,
    no_webhook: bool,
    wait_seconds: int,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Take webhooks of a repository, or make right what is wrong with that. What is not given stays as it is.

    With a token, the forge is recognised, the token's rights are checked, and the webhook is made and tried.
    """
    token = read_secret(token_file)
    secret = read_secret(webhook_secret_file)
    server = server_of(context, data_dir)
    say = (lambda _line: None) if as_json else print
    if is_local(url):
        folder = repository_folder(Path(url).expanduser())
        found = ForgeRepository(LOCAL, name or default_name(folder), str(folder), "")
    else:
        found = find_forge(server, url, Said(name, forge, api_url, token), say)
    made = None
    if secret is None and not _has_secret(server, found):
        secret = made = webhook_secret(server.token, found.full_name) if found.forge == LOCAL else new_secret()
    added = server.post("/repositories", new_repository(found, token, secret))
    say(f"{added['full_name']} ({added['forge']}) is known as {added['id']}.")
    done = Connection()
    if added["has_token"] and found.forge != LOCAL and not no_webhook:
        wish = Wish(webhook_url, wait_seconds, tries=wait_seconds > 0)
        done = connect(server, added, wish, say)
    address = webhook_address(webhook_url or server.ingest_url, found.forge)
    # The forge has been told the secret, or nobody needs it.
    is_shown = made is not None and found.forge != LOCAL and not _has_hook(done)
    if as_json:
        told = {"webhook_url": address} | ({"webhook_secret": made} if is_shown else {})
        print_json(added | told | {"setup": done.as_json()})
    elif found.forge != LOCAL and not _has_hook(done):
        _print_by_hand(added, address, made if is_shown else None)
    return Exit.FAILED if done.problems else Exit.DONE


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
@click.option("--keep-webhook", is_flag=True, help="Leave the webhook that was made for it at the forge.")
@data_dir_option
@json_option
@click.pass_context
def remove(
    context: click.Context,
    repository: str,
    *,
    forge: str | None,
    keep_webhook: bool,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Take no more webhooks of a repository. Its runs stay as long as runs are kept.

    The webhook that was made for it is deleted at the forge. If that fails, it is said, and the repository is removed.
    """
    server = server_of(context, data_dir)
    found = find_repository(server, repository, forge)
    query = "?keep_webhook=true" if keep_webhook else ""
    done = server.delete(f"/repositories/{segment(found['id'])}{query}")
    if done["accepted"] and done["reason"] and not as_json:
        print(printable(f"At the forge: {done['reason']}."))
    return print_order(done, as_json=as_json)


def _has_secret(server: Server, found: ForgeRepository) -> bool:
    return any(
        item["has_webhook_secret"]
        for item in server.get("/repositories")["items"]
        if (item["forge"], item["full_name"]) == (found.forge, found.full_name)
    )


def webhook_address(base: str, forge: str) -> str:
    base = (base or "<address of ingest>").rstrip("/")
    path = f"/api/triggers/{forge}"
    return base if base.endswith(path) else base + path


def _has_hook(done: Connection) -> bool:
    is_app = done.rights is not None and done.rights["is_app"]
    return is_app or (done.webhook is not None and done.webhook["hook_id"] is not None)


def _print_by_hand(added: dict[str, Any], webhook_url: str, secret: str | None) -> None:
    if not added["has_token"]:
        print(words.PUBLIC_ONLY)
    if secret:
        print(f"\nWebhook secret, shown this once:\n  {secret}")
    print(f"\n{webhook_hint(added['forge'], webhook_url)}")
