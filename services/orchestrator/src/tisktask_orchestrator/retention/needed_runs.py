"""Which ended runs other services still need: their states are not at the forge yet, or their logs have no end.

Who is asked and does not answer needs them all.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from nats.errors import Error as NatsError

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import InfrastructureError
from tisktask_common.ids import RunId
from tisktask_common.run_deletion import ListIncompleteLogs, ListUndelivered
from tisktask_common.subjects import EVENTS, RUNS_FOR_REPORTER
from tisktask_orchestrator.retention import words
from tisktask_orchestrator.room import next_unread

log = structlog.get_logger()

_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Patience:
    """How long is waited for what others have not done yet."""

    #: For the reporter, which may have many events before it.
    reading_seconds: float
    #: For the answer of each who is asked.
    answer_seconds: float
    #: For the end of a log, from its attempt's end on.
    log_seconds: float


#: Says to a person, with the run's number, what a run is needed for.
Why = Callable[[int], str]


async def find_needed(bus: Bus, runs: Sequence[RunId], patience: Patience) -> dict[RunId, Why]:
    """Ask all who may need runs. Their events are in the stream: the outbox has none of them any more."""
    if not await _has_reporter_read(bus, patience.reading_seconds):
        return dict.fromkeys(runs, words.states_not_read)
    wanted = list(runs)
    try:
        undelivered = await bus.request(ListUndelivered(run_ids=wanted), patience.answer_seconds)
    except InfrastructureError as error:
        log.warning("reporter_not_asked", error=error.message)
        return dict.fromkeys(runs, words.states_not_read)
    try:
        question = ListIncompleteLogs(run_ids=wanted, patience_seconds=patience.log_seconds)
        incomplete = await bus.request(question, patience.answer_seconds)
    except InfrastructureError as error:
        log.warning("logstream_not_asked", error=error.message)
        return dict.fromkeys(runs, words.logs_not_known)
    return dict.fromkeys(incomplete.run_ids, words.log_not_complete) | dict.fromkeys(
        undelivered.run_ids, words.states_not_delivered
    )


async def _has_reporter_read(bus: Bus, patience_seconds: float) -> bool:
    """Tell whether the reporter has handled all that is in the stream now: what it has not read it can not need."""
    try:
        last = (await bus.jetstream.stream_info(EVENTS.name)).state.last_seq
        deadline = asyncio.get_running_loop().time() + patience_seconds
        while True:
            state = (await bus.jetstream.stream_info(EVENTS.name)).state
            consumers = await bus.jetstream.consumers_info(EVENTS.name)
            reporter = next((info for info in consumers if info.name == RUNS_FOR_REPORTER.name), None)
            if reporter is None:
                return False
            if next_unread(reporter, state) > last:
                return True
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
    except NatsError as error:
        log.warning("reporter_not_seen", error=str(error) or repr(error))
        return False
