"""A process that ships one log and can be killed: `python runner_shipper.py <nats url> <folder>`."""

import asyncio
import sys
from pathlib import Path

from runner_logs import open_lane
from tisktask_common.bus.connection import connect
from tisktask_common.process.settings import BusSettings
from tisktask_runner.log.cut import LogPart, LogSource
from tisktask_runner.log.shipper import LogShipper


async def ship(url: str, folder: Path) -> None:
    bus = await connect(BusSettings(nats_url=url, nats_user="admin"), "runner-here")
    async with open_lane(bus) as lane:
        source = LogSource("job_1", 1, "log.here.run_1.job_1.1", [LogPart(folder / "output.log")])
        shipper = LogShipper(lane, source, folder / "log.position", lambda: None)
        if (folder / "closed").exists():
            shipper.close()
        await shipper.run()
    await bus.close()


if __name__ == "__main__":
    asyncio.run(ship(sys.argv[1], Path(sys.argv[2])))
