"""`tisktask bus`: streams, consumers and users of the message bus."""

import asyncio
from pathlib import Path

import click

from tisktask_cli.bus_access import bus_settings, embedded_nats
from tisktask_cli.commands.bus_dead import dead
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.output import json_option, print_json
from tisktask_cli.stack.nats import EmbeddedNats
from tisktask_cli.stack.provision_bus import provision_bus
from tisktask_common.bus.connection import connect
from tisktask_common.errors import InfrastructureError, UserError
from tisktask_common.process.logging import set_up_logging
from tisktask_common.process.settings import BusSettings

_SECONDS_MAX = 30.0


@click.group("bus")
def command() -> None:
    """Set up the message bus: TISKTASK_NATS_URL's, or that of a running stack."""
    set_up_logging("bus", "text", "error")


command.add_command(dead)


@command.command("provision")
@click.option("--replicas", type=click.IntRange(1, 5), default=1, show_default=True, help="Copies in a cluster.")
@data_dir_option
@json_option
@click.pass_context
def provision(context: click.Context, *, replicas: int, data_dir: Path | None, as_json: bool) -> None:
    """Create or update all streams and consumers. The user must be the provisioning one (admin)."""
    settings, integrators = bus_settings(data_dir or context.obj)
    _run(settings, integrators, replicas)
    if as_json:
        print_json({"nats_url": settings.nats_url, "is_set_up": True})
    else:
        print(f"the bus at {settings.nats_url} is set up")


@command.group("user")
def user() -> None:
    """Users of a stack's own bus who may read all public events."""


@user.command("add")
@click.argument("name")
@data_dir_option
@json_option
@click.pass_context
def add(context: click.Context, name: str, *, data_dir: Path | None, as_json: bool) -> None:
    """Let somebody subscribe to run.>, job.> and all other public events, live and with history."""
    nats = embedded_nats(data_dir or context.obj)
    seed_file = nats.add_integrator(name)
    is_running = nats.reload()
    if is_running:
        settings, integrators = bus_settings(data_dir or context.obj)
        _run(settings, integrators, 1)
        asyncio.run(_wait_for_user(nats, name))
    described = {
        "name": name,
        "url": nats.url,
        "seed_file": str(seed_file),
        "inbox_prefix": f"_INBOX_{name}",
        "stream": "EVENTS",
        "consumer": name,
    }
    if as_json:
        print_json(described)
    else:
        _print_how_to_connect(described, is_running=is_running)


def _run(settings: BusSettings, integrators: list[str], replicas: int) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(_SECONDS_MAX):
            await provision_bus(settings, integrators, replicas)

    try:
        asyncio.run(bounded())
    except TimeoutError as error:
        raise CommandError(f"the bus at {settings.nats_url} does not answer", Exit.UNREACHABLE) from error
    except (InfrastructureError, UserError) as error:
        raise CommandError(error.message) from error


async def _wait_for_user(nats: EmbeddedNats, name: str) -> None:
    """Wait until the server has read its configuration and lets the user in."""
    seed = nats.seed_file(name).read_text().strip()
    settings = BusSettings.model_validate({"nats_url": nats.url, "nats_user": name, "nats_seed": seed})
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            await (await connect(settings, name)).close()
    except TimeoutError as error:
        raise CommandError("the bus does not know the new user: is its log free of errors?") from error


def _print_how_to_connect(described: dict[str, str], *, is_running: bool) -> None:
    name = described["name"]
    print(f"{name} may read all public events.")
    if not is_running:
        print("The stack is not running: the user exists from its next start.")
    url, seed_file, prefix = described["url"], described["seed_file"], described["inbox_prefix"]
    print(f"""
  Server         {url}
  Seed (nkey)    {seed_file}
  Inbox prefix   {prefix}
  Live           subscribe to run.>, job.>, ...
  With history   pull from consumer {name} of stream EVENTS

  nats --server {url} --nkey {seed_file} --inbox-prefix {prefix} sub 'run.>'
""")
