"""`tisktask repo app`: the GitHub App that reports a repository's runs."""

import sys
from pathlib import Path

import click

from tisktask_cli.api_client import segment
from tisktask_cli.commands.repo_settings import find_repository, reported
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.output import json_option, print_json

_KEY_BYTES_MAX = 4096
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)


@click.command("app")
@click.argument("repository", metavar="OWNER/NAME|ID")
@click.option("--id", "app_id", metavar="ID", help="The App's number or client id, from its page on GitHub.")
@click.option("--key-file", type=_FILE, help="File with a private key of the App (PEM); -: standard input.")
@click.option("--off", is_flag=True, help="Report with the repository's token again.")
@data_dir_option
@json_option
@click.pass_context
def app(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    repository: str,
    *,
    app_id: str | None,
    key_file: Path | None,
    off: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Report runs as a GitHub App: as checks with summaries, annotations and buttons to run again."""
    if off == bool(app_id and key_file) or (off and (app_id or key_file)):
        raise CommandError("give --id and --key-file, or --off", Exit.USAGE)
    body = {"app": None if key_file is None else {"id": app_id, "private_key": _read_key(key_file)}}
    server = server_of(context, data_dir)
    found = find_repository(server, repository, "github")
    changed = server.patch(f"/repositories/{segment(found['id'])}", body)
    if as_json:
        print_json(changed)
        return
    print(f"Runs of {changed['full_name']} are reported {reported(changed)}.")
    if changed["app_id"]:
        print("The App needs the permissions Checks: write, Commit statuses: write, Contents: read and, for comments,")
        print("Pull requests: write; and it is to be installed for this repository.")


def _read_key(file: Path) -> str:
    text = sys.stdin.read(_KEY_BYTES_MAX + 1) if str(file) == "-" else file.read_text()
    if "PRIVATE KEY-----" not in text or len(text) > _KEY_BYTES_MAX:
        what = f"{file} holds no private key: GitHub makes one on the App's page, a file that ends in .pem"
        raise CommandError(what, Exit.USAGE)
    return text
