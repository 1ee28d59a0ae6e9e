"""Which bus the `bus` commands mean, and how the provisioning user reaches it."""

import os
from pathlib import Path

from tisktask_cli.data_directory import chosen_data_directory, find_data_directory
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.stack import description
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.lock import is_running
from tisktask_cli.stack.nats import EmbeddedNats
from tisktask_cli.stack.ports import PortBook
from tisktask_cli.stack.services import load_or_create_host_name
from tisktask_common.errors import UserError
from tisktask_common.process.settings import BusSettings


def bus_settings(data_dir: Path | None) -> tuple[BusSettings, list[str]]:
    """Give the provisioning user's settings, and the integrators whose consumers are to exist."""
    if os.environ.get("TISKTASK_NATS_URL") and data_dir is None:
        try:
            return BusSettings(), []
        except UserError as error:
            raise CommandError(error.message, Exit.USAGE) from error
    nats = embedded_nats(data_dir)
    if not is_running(nats.layout):
        raise CommandError(
            f"no Tisktask runs on {nats.layout.root}: start it with `tisktask up` (which sets the bus up), or set"
            " TISKTASK_NATS_URL, TISKTASK_NATS_USER=admin and TISKTASK_NATS_SEED_FILE",
            Exit.UNREACHABLE,
        )
    seed = nats.seed_file("admin").read_text().strip()
    fields = {"nats_url": nats.url, "nats_user": "admin", "nats_seed": seed}
    return BusSettings.model_validate(fields), nats.integrators()


def embedded_nats(data_dir: Path | None) -> EmbeddedNats:
    """Find the bus of a stack on this machine."""
    layout = Layout.of(chosen_data_directory(data_dir) or find_data_directory())
    if description.read(layout) is None:
        raise CommandError(f"`tisktask up` has never run on {layout.root}: start it first", Exit.USAGE)
    return EmbeddedNats(layout, PortBook(layout.ports).known("nats"), load_or_create_host_name(layout))
