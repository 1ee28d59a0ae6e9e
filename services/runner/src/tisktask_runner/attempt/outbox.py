"""Reports that the orchestrator has not answered yet: on disk before they are sent, sent until they are answered."""

import asyncio
from pathlib import Path

import structlog

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import InfrastructureError, UserError
from tisktask_common.rpc import Accepted, JobBegan, JobEnded, Request
from tisktask_runner.attempt.directory import read_value, write_whole

log = structlog.get_logger()

_RETRY_SECONDS_MAX = 5.0
#: In the order in which they are sent.
_KINDS: dict[str, type[JobBegan] | type[JobEnded]] = {"1-began.json": JobBegan, "2-ended.json": JobEnded}


class Outbox:
    """The reports of one attempt, in their order."""

    def __init__(self, bus: Bus, folder: Path) -> None:
        self._bus = bus
        self._folder = folder
        self._sending = asyncio.Lock()

    def put(self, report: JobBegan | JobEnded) -> None:
        name = next(name for name, kind in _KINDS.items() if isinstance(report, kind))
        write_whole(self._folder / name, report.model_dump_json())

    async def deliver(self) -> Accepted:
        """Send what is there until all of it is answered; the answer to the last, or the first refusal."""
        async with self._sending:
            answer = Accepted(accepted=True)
            for name, kind in _KINDS.items():
                path = self._folder / name
                report = read_value(path, kind)
                if report is None:
                    continue
                answer = await self._send(report)
                path.unlink(missing_ok=True)
                if not answer.accepted:
                    break
            return answer

    def drop(self) -> None:
        """Report nothing: the attempt is no longer ours."""
        for name in _KINDS:
            (self._folder / name).unlink(missing_ok=True)

    async def _send(self, report: Request[Accepted]) -> Accepted:
        delay = 0.1
        while True:
            try:
                return await self._bus.request(report)
            except UserError as error:
                # It was understood and refused: asking again gives the same answer.
                log.warning("report_refused", report=report.subject_name, error=error.message)
                return Accepted(accepted=False, reason=error.message)
            except InfrastructureError as error:
                log.warning("report_not_answered", report=report.subject_name, error=error.message)
                await asyncio.sleep(delay)
                delay = min(_RETRY_SECONDS_MAX, delay * 2)
