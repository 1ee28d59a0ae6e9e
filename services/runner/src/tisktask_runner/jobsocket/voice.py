"""Speaks for one job: what the commands of its socket ask with, in its name and with its authority."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar

import structlog
from prometheus_client import Counter

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import InfrastructureError, TisktaskError
from tisktask_common.events import Value
from tisktask_common.ids import JobId
from tisktask_common.job_requests import JobInfo, JobRequest, ReadJobs
from tisktask_common.rpc import JobSpec, PublicKey, Request
from tisktask_common.subjects import MESSAGE_BYTES_MAX
from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.command import CommandError
from tisktask_runner.news import NewsDesk

log = structlog.get_logger()

ReplyT = TypeVar("ReplyT", bound=Value)

#: So long the bus or the orchestrator may be away before a program hears of it.
PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS_MAX = 2.0
_LAST_WORDS_SECONDS = 1.0

requests_not_answered = Counter(
    "tisktask_job_requests_not_answered_total", "Requests of jobs that nobody answered in a minute", ["request"]
)


class Signature(TypedDict):
    """In whose name a request is made."""

    job_id: JobId
    attempt: int
    runner: str


@dataclass
class Voice:
    """One job at its socket."""

    bus: Bus
    runner: str
    spec: JobSpec
    news: NewsDesk
    #: Around what waits for others: meanwhile the job's slot is lent.
    lent: Callable[[], AbstractAsyncContextManager[None]]
    patience_seconds: float = PATIENCE_SECONDS
    #: The socket is being closed by us: the job lives on, and its clients will come again.
    is_closing: bool = False
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    @property
    def signature(self) -> Signature:
        return Signature(job_id=self.spec.job_id, attempt=self.spec.attempt, runner=self.runner)

    async def ask(self, request: "JobRequest[ReplyT]") -> ReplyT:
        """Ask patiently. Raises UserErrors as answered, and CommandError if nobody answers."""
        size = len(request.model_dump_json())
        if size > MESSAGE_BYTES_MAX:
            raise CommandError("LIMIT", words.request_too_large(size, MESSAGE_BYTES_MAX))
        return await self._ask_patiently(request)

    async def read_jobs(self, targets: list[JobId], *, with_attempts: bool = False) -> list[JobInfo]:
        """Read these jobs of the run, in this order. Raises NotFoundError."""
        found: list[JobInfo] = []
        while len(found) < len(targets):
            # One answer holds as many as fit into a message, and at least one.
            rest = targets[len(found) :]
            found += (await self.ask(ReadJobs(**self.signature, targets=rest, with_attempts=with_attempts))).items
        return found

    async def ask_key(self, request: "Request[PublicKey]") -> str:
        return (await self._ask_patiently(request)).public_key

    async def _ask_patiently(self, request: "Request[ReplyT]") -> ReplyT:
        give_up_at = time.monotonic() + self.patience_seconds
        pause_seconds = 0.1
        while True:
            try:
                return await self.bus.request(request, give_up_at - time.monotonic())
            except InfrastructureError as error:
                if time.monotonic() + pause_seconds > give_up_at:
                    requests_not_answered.labels(request.subject_name).inc()
                    raise CommandError("TRYAGAIN", words.not_answered(error.message)) from error
                log.warning("job_request_not_answered", request=request.subject_name, error=error.message)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(_PAUSE_SECONDS_MAX, pause_seconds * 2)

    def later(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for, such as giving back what a closed connection wanted."""
        task = asyncio.create_task(self._do(name, work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (TisktaskError, CommandError) as error:
            log.warning("job_request_given_up", what=name, error=str(error))

    async def fall_silent(self) -> None:
        """Say what is still to be said, if that is quickly done: the job has ended, or is left to another process."""
        self.is_closing = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_LAST_WORDS_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
