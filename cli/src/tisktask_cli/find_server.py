"""Which server a command speaks to: found by its data directory on this machine, by TISKTASK_URL elsewhere."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import click

from tisktask_cli.api_client import Server
from tisktask_cli.data_directory import chosen_data_directory, find_data_directory
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.stack import description
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.lock import is_running


def server_of(context: click.Context, data_dir: Path | None) -> Server:
    """Find the server for a command; `--data-dir` may stand before or after the command's name."""
    return find_server(data_dir or context.obj)


def find_server(data_dir: Path | None) -> Server:
    """Find the server that is meant: by its data directory on this machine, by TISKTASK_URL elsewhere."""
    url = os.environ.get("TISKTASK_URL", "").rstrip("/")
    if url and data_dir is None:
        return _remote(url)
    folder = chosen_data_directory(data_dir) or find_data_directory()
    layout = Layout.of(folder)
    found = description.read(layout)
    if found is None or not is_running(layout):
        raise CommandError(
            f"no Tisktask runs on {layout.root}: start it with `tisktask up`, say where its data are with --data-dir,"
            " or set TISKTASK_URL and TISKTASK_TOKEN for another machine's",
            Exit.UNREACHABLE,
        )
    return Server(found.url, layout.admin_token.read_text().strip(), found.ingest_url)


def _remote(url: str) -> Server:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise CommandError(f"TISKTASK_URL is {url}: it must begin with http:// or https://", Exit.USAGE)
    token = os.environ.get("TISKTASK_TOKEN", "")
    if not token and (file := os.environ.get("TISKTASK_TOKEN_FILE")):
        try:
            token = Path(file).read_text().strip()
        except OSError as error:
            raise CommandError(f"TISKTASK_TOKEN_FILE: {file}: {error.strerror}", Exit.USAGE) from error
    if not token:
        raise CommandError("TISKTASK_URL is set, but TISKTASK_TOKEN (or TISKTASK_TOKEN_FILE) is not", Exit.USAGE)
    return Server(url, token, os.environ.get("TISKTASK_INGEST_URL", "").rstrip("/"))
