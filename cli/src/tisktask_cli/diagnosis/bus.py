"""Is the bus of a stack well: its streams, how full they are, and what could not be handled."""

import asyncio

import nats.errors
from nats.js.api import StreamInfo

from tisktask_cli.diagnosis.finding import Finding, ok, problem, warning
from tisktask_cli.stack.description import Description
from tisktask_cli.stack.layout import Layout
from tisktask_common.bus.connection import connect
from tisktask_common.process.settings import BusSettings
from tisktask_common.subjects import DEAD, STREAMS

_SECONDS_MAX = 5.0


async def check_bus(layout: Layout, found: Description) -> list[Finding]:
    """Look at all streams, as the provisioning user."""
    seed = (layout.keys / "nats" / "admin.seed").read_text().strip()
    settings = BusSettings.model_validate({"nats_url": found.nats_url, "nats_user": "admin", "nats_seed": seed})
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            bus = await connect(settings, "admin")
            try:
                streams = {info.config.name: info for info in await bus.jetstream.streams_info()}
            finally:
                await bus.close()
    except (TimeoutError, nats.errors.Error) as error:
        says = "the lines of `nats` in the output of `tisktask up` say more"
        return [problem("nats", f"{found.nats_url} does not answer: {error!r}", says)]
    missing = {stream.name for stream in STREAMS} - set(streams)
    if missing:
        return [problem("nats", f"streams are missing: {', '.join(sorted(missing))}", "run `tisktask bus provision`")]
    return [ok("nats", f"{found.nats_url}, all {len(STREAMS)} streams are there"), _check_dead(streams[DEAD.name])]


def _check_dead(info: StreamInfo) -> Finding:
    count = info.state.messages
    if not count:
        return ok("dead letters", "none")
    return warning(
        "dead letters",
        f"{count} message{'' if count == 1 else 's'} could not be handled",
        "look with `tisktask bus dead list`; when the cause is gone: `tisktask bus dead replay --all`",
    )
