"""The NATS client, mended where it goes deaf without a word.

A PONG that comes after its `flush` was given up (the server stood still) raises in the client's reading task, which
ends: nothing is heard until the connection is taken for stale, half a minute later, and meanwhile every further `flush`
says that all is well (nats-py 2.16).
"""

from typing import Any

from nats.aio.client import Client

from tisktask_common.process.settings import BusSettings

#: How the client keeps its connection. (Of the fraction its type says int, but it only sleeps for it.)
_PATIENT: dict[str, Any] = {
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 0.25,
    "connect_timeout": 2,
    "ping_interval": 10,
    "max_outstanding_pings": 2,
    "drain_timeout": 2,
}


class HearingClient(Client):
    """Keeps reading, and can tell whether it does."""

    @property
    def is_deaf(self) -> bool:
        """Whether it counts as connected and reads nothing any more, for whatever reason."""
        return self.is_connected and (self._reading_task is None or self._reading_task.done())

    async def _process_pong(self) -> None:
        """Take a PONG also if nobody waits for it any more."""
        if self._pongs and self._pongs[0].done():
            self._pongs.pop(0)
            self._pings_outstanding = 0
            return
        await super()._process_pong()


def client_options(settings: BusSettings) -> dict[str, Any]:
    """Say how the client proves who it is, and how it keeps its connection."""
    seed = settings.nats_seed
    return {**_PATIENT, **({"nkeys_seed_str": seed.get_secret_value()} if seed else {})}
