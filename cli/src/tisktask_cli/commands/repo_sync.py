"""`tisktask repo sync`: adds the repositories of an organisation or a person that a token can administer."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.forge_addresses import FORGES
from tisktask_cli.new_repositories import read_secret
from tisktask_cli.output import json_option, print_json, printable
from tisktask_cli.repository_setup import Wish
from tisktask_cli.syncing import Choice, Chosen, Home, add_all, choose, find_home, list_at_forge

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
_MAX = 200
_LEFT_OUT_SHOWN = 50


@click.command("sync")
@click.argument("owner", metavar="OWNER|URL")
@click.option(
    "--token-file", type=_FILE, required=True, help="File with a token that can administer them; -: standard input."
)
@click.option("--forge", type=click.Choice(FORGES), help="Kind of the forge.  [default: as its API says]")
@click.option("--api-url", help="Where the forge's API is.  [default: as it is found at URL]")
@click.option(
    "--include", multiple=True, metavar="PATTERN", help="Only names like this: 'web-*'. Several may be given."
)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="No names like this. Several may be given.")
@click.option(
    "--max", "most", type=click.IntRange(1, 5000), default=_MAX, show_default=True, help="Add no more at once."
)
@click.option("--archived", is_flag=True, help="Also those that are archived.")
@click.option("--webhook-url", default="", help="Where the forge reaches Tisktask.  [default: TISKTASK_WEBHOOK_URL]")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@data_dir_option
@json_option
@click.pass_context
def sync(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    owner: str,
    *,
    token_file: Path,
    forge: str | None,
    api_url: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    most: int,
    archived: bool,
    webhook_url: str,
    dry_run: bool,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Add the repositories of an organisation or a person that are missing, each with its webhook.

    What is there already is left as it is, unless it has no webhook that anything has come from; nothing is removed.
    """
    token = read_secret(token_file)
    if not token:
        raise CommandError("give a token with --token-file", Exit.USAGE)
    server = server_of(context, data_dir)
    say = (lambda _line: None) if as_json else print
    home = find_home(server, owner, Home(forge or "", api_url or "", "", token), say)
    choice = choose(server, home, list_at_forge(server, home), Choice(include, exclude, most, has_archived=archived))
    if not as_json:
        _print_choice(choice.left_out, len(choice.known), len(choice.unfinished))
    added = [] if dry_run else add_all(server, home, choice, Wish(webhook_url), say)
    failed = [item for item in added if item["problems"]]
    if as_json:
        missing, unfinished = ([item["full_name"] for item in some] for some in (choice.missing, choice.unfinished))
        done = {"added": added} if not dry_run else {"would_add": missing, "would_set_up": unfinished}
        print_json(done | {"known": choice.known, "left_out": choice.left_out})
    else:
        _print_done(choice, added, is_dry=dry_run)
    return Exit.FAILED if failed else Exit.DONE


def _print_choice(left_out: list[dict[str, str]], known: int, unfinished: int) -> None:
    if known:
        again = f", {unfinished} of them without a webhook" if unfinished else ""
        print(f"{known} {'is' if known == 1 else 'are'} there already{again}.")
    for item in left_out[:_LEFT_OUT_SHOWN]:
        print(printable(f"left out: {item['full_name']} ({item['reason']})"))
    if len(left_out) > _LEFT_OUT_SHOWN:
        print(f"left out: {len(left_out) - _LEFT_OUT_SHOWN} more (--json lists all)")


def _print_done(choice: Chosen, added: list[dict[str, Any]], *, is_dry: bool) -> None:
    if is_dry:
        for item in choice.missing:
            print(printable(f"would add: {item['full_name']}"))
        for item in choice.unfinished:
            print(printable(f"would make the webhook of: {item['full_name']}"))
        print(f"{len(choice.missing)} would be added.")
        return
    failed = sum(bool(item["problems"]) for item in added)
    print(f"{len(added)} set up{f', {failed} of them with problems' if failed else ''}.")
