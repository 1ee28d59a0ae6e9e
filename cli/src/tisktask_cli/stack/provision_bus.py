"""Brings the streams and consumers of the services, and of the integrators it is told, up to date.

A process of its own, as the user `admin`: what it needs takes long to import, and `tisktask up` should stay light.
"""

import asyncio
import sys
from collections.abc import Sequence

from tisktask_common.bus.connection import connect
from tisktask_common.bus.permissions import integrator_consumer
from tisktask_common.bus.provision import provision
from tisktask_common.errors import InfrastructureError
from tisktask_common.process.logging import set_up_logging
from tisktask_common.process.settings import BusSettings
from tisktask_common.subjects import CONSUMERS


async def provision_bus(settings: BusSettings, integrators: Sequence[str], replicas: int = 1) -> None:
    """Make the streams, the services' consumers and one for each integrator."""
    bus = await connect(settings, "admin")
    try:
        await provision(bus.client, replicas, [*CONSUMERS, *map(integrator_consumer, integrators)])
    finally:
        await bus.close()


def main() -> None:
    settings = BusSettings()
    set_up_logging("provision", settings.log_format, settings.log_level)
    try:
        asyncio.run(provision_bus(settings, sys.argv[1:]))
    except InfrastructureError as error:
        sys.exit(f"the bus can not be set up: {error.message}")


if __name__ == "__main__":
    main()
