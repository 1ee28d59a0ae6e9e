"""One `tisktask up` from its start to its end: the lock, the signals, what people see."""

import asyncio
import signal
import time
from collections.abc import Coroutine
from typing import Any

from tisktask_cli import words
from tisktask_cli.stack.embedded import EmbeddedStack, StackOptions
from tisktask_cli.stack.journal import Journal
from tisktask_cli.stack.lock import DataDirectoryLock
from tisktask_cli.stack.ports import require_free
from tisktask_cli.stack.reaper import Reaper
from tisktask_cli.stack.supervisor import Supervisor
from tisktask_cli.stack.warm_start import WarmStart
from tisktask_common.process.service import cancel

#: Its own end takes less.
_CANCEL_AGAIN_SECONDS = 5.0


async def run_session(options: StackOptions, journal: Journal) -> None:
    """Run the stack until a signal asks for its end."""
    began = time.monotonic()
    lock = DataDirectoryLock.take(options.layout)
    addresses = options.addresses
    require_free(addresses.host, addresses.port, "--port")
    require_free(addresses.host, addresses.ingest_port, "--ingest-port")
    reaper = Reaper()
    warm = WarmStart(reaper, journal)
    supervisor = Supervisor(reaper, journal, warm.start)
    stopping = _catch_signals(supervisor, journal)
    await warm.begin()
    stack = EmbeddedStack(options, supervisor, journal)
    try:
        await _until(stopping, _serve(stack, warm, options, journal, began))
    finally:
        await stack.stop()
        warm.close()
        journal.say("stopped")
        reaper.close()
        lock.release()


async def _serve(stack: EmbeddedStack, warm: WarmStart, options: StackOptions, journal: Journal, began: float) -> None:
    stack.start_servers()
    await warm.warm_up()
    await stack.start_services()
    seconds = time.monotonic() - began
    addresses = options.addresses
    journal.print(
        words.ready_banner(addresses.url, addresses.ingest_url, stack.admin_token, options.layout.root, seconds)
    )
    journal.say("stack_ready", seconds=round(seconds, 2), url=addresses.url, webhooks=addresses.ingest_url)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(stack.run_first_trigger())
        await stack.wait_for_all()
        journal.say("all_services_ready", seconds=round(time.monotonic() - began, 2))
    await stack.watch_bus()


async def _until(stopping: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run until told to stop; an error of the work ends it too."""
    task = asyncio.create_task(work)
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    await cancel(task, _CANCEL_AGAIN_SECONDS)
    try:
        await task
    except asyncio.CancelledError:
        return


def _catch_signals(supervisor: Supervisor, journal: Journal) -> asyncio.Event:
    stopping = asyncio.Event()

    def on_signal() -> None:
        if stopping.is_set():
            supervisor.kill()
            return
        stopping.set()
        journal.print(words.STOPPING)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, on_signal)
    return stopping
