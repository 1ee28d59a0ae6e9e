"""Starts the orchestrator: the only place that wires its parts together."""

import asyncio
import sys
from functools import partial

from pydantic import ValidationError

from tisktask_common.bus.connection import connect
from tisktask_common.database.pool import is_database_ready, open_pool
from tisktask_common.errors import InfrastructureError, UserError
from tisktask_common.process.service import Process, run_service
from tisktask_common.process.settings import PREFIX
from tisktask_orchestrator import words
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.secrets import Secrets
from tisktask_orchestrator.service import prepare_schema, serve
from tisktask_orchestrator.settings import OrchestratorSettings

SERVICE = "orchestrator"


def main() -> None:
    try:
        settings = OrchestratorSettings()  # pyright: ignore[reportCallIssue] - the master key comes from outside
        secrets = Secrets(settings.master_key)
    except UserError as error:
        sys.exit(error.message)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        sys.exit(words.wrong_settings([(f"{PREFIX}{fault['loc'][0]}".upper(), fault["msg"]) for fault in faults]))
    run_service(SERVICE, settings, partial(_main, settings, secrets))


async def _main(settings: OrchestratorSettings, secrets: Secrets, process: Process) -> None:
    started = asyncio.Event()
    gone = asyncio.Event()

    async def has_started() -> bool:
        return started.is_set()

    process.ready_checks["started"] = has_started
    http = await process.serve_http()
    try:
        await prepare_schema(settings)
        pool = await open_pool(settings, SERVICE)
        process.ready_checks["database"] = partial(is_database_ready, pool)
        bus = await connect(settings, SERVICE, on_closed=gone.set)

        async def is_bus_ready() -> bool:
            return bus.is_ready

        process.ready_checks["bus"] = is_bus_ready
        started.set()
        try:
            await _serve_until_gone(Collaborators(bus, pool, settings, secrets), gone)
        finally:
            await bus.close()
            await pool.close()
    finally:
        await http.close()


async def _serve_until_gone(collaborators: Collaborators, gone: asyncio.Event) -> None:
    """Serve until cancelled; a bus connection that is closed for good ends the process, its supervisor restarts it."""
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(serve(collaborators))
        await gone.wait()
        work.cancel()
    raise InfrastructureError("the connection to the bus was closed for good")


if __name__ == "__main__":
    main()
