"""What the orchestrator is told again and again does not fill the log, and waits no longer than it has to."""

import asyncio

from structlog.testing import capture_logs

from tisktask_common.errors import BusError
from tisktask_ingest.telling import Telling


async def test_that_nobody_hears_is_said_once_and_that_somebody_does_again() -> None:
    telling, tries, is_heard = Telling("deliveries"), 0, asyncio.Event()

    async def tell_all() -> None:
        nonlocal tries
        tries += 1
        if tries < 4:
            # Of another delivery: it does not wait for the pause after the failure before it.
            telling.has_news()
            raise BusError("nobody answers")
        is_heard.set()

    telling.has_news()
    with capture_logs() as logs:
        running = asyncio.create_task(telling.run(tell_all))
        await asyncio.wait_for(is_heard.wait(), 10)
        running.cancel()
        await asyncio.wait([running])
    assert [(one["event"], one["about"]) for one in logs] == [
        ("orchestrator_does_not_hear", "deliveries"),
        ("orchestrator_hears_again", "deliveries"),
    ]
    assert logs[-1]["failures"] == 3
