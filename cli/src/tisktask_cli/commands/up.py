"""`tisktask up`: the whole of Tisktask on one machine."""

import asyncio
from pathlib import Path

import click

from tisktask_cli.data_directory import chosen_data_directory, data_dir_option, default_data_directory
from tisktask_cli.stack.embedded import StackOptions
from tisktask_cli.stack.journal import Journal, LogFormat
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.services import Addresses
from tisktask_cli.stack.session import run_session

_PORT = click.IntRange(1, 65535)


@click.command()
@data_dir_option
@click.option("--port", type=_PORT, default=4000, show_default=True, help="Port of the pages and the API.")
@click.option("--ingest-port", type=_PORT, default=4001, show_default=True, help="Port that takes webhooks.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on with both ports.")
@click.option(
    "--public-url",
    default="",
    envvar="TISKTASK_PUBLIC_URL",
    show_envvar=True,
    help="Address under which browsers reach the pages, for links.",
)
@click.option("--runners", type=click.IntRange(0, 64), default=1, show_default=True, help="Runner replicas.")
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--trigger-path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="When ready, run the push jobs of this git repository at HEAD.",
)
@click.pass_context
def command(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    *,
    data_dir: Path | None,
    port: int,
    ingest_port: int,
    host: str,
    public_url: str,
    runners: int,
    log_format: LogFormat,
    trigger_path: Path | None,
) -> None:
    """Run the whole of Tisktask on this machine: servers, services and runners, until Ctrl-C.

    Everything is kept in the data directory; the next start goes on from there.
    """
    folder = chosen_data_directory(data_dir or context.obj) or default_data_directory()
    addresses = Addresses(host, port, ingest_port, public_url.rstrip("/"))
    options = StackOptions(Layout.of(folder), addresses, runners, trigger_path.resolve() if trigger_path else None)
    asyncio.run(run_session(options, Journal(log_format)))
