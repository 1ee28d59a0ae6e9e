"""The attempts that this process supervises: those that it claimed, and those that it found abandoned."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from prometheus_client import Counter, Gauge

from tisktask_common.ids import JobId
from tisktask_common.rpc import AttemptRef, StopOrder
from tisktask_runner.attempt.custody import Custody
from tisktask_runner.attempt.directory import attempt_name, unlocked_attempts
from tisktask_runner.attempt.lending import Lending
from tisktask_runner.attempt.supervise import Attempt
from tisktask_runner.attempt.workshop import Workshop

log = structlog.get_logger()

SCAN_SECONDS = 1.0

slots_busy = Gauge("tisktask_slots_busy", "Slots of this process that are taken")
slots_lent = Gauge("tisktask_slots_lent", "Attempts of this process that wait for others and lend their slot meanwhile")
attempts_adopted = Counter("tisktask_attempts_adopted_total", "Attempts of another process that was gone")
attempts_broken = Counter("tisktask_attempts_broken_total", "Attempts whose supervision failed")


class Roster:
    """All attempts in the hands of this process, by name."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._attempts: dict[str, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._left = asyncio.Event()
        self._on_lending: list[Callable[[], None]] = []
        slots_busy.set_function(lambda: self.busy)
        slots_lent.set_function(lambda: self.lent)

    def on_lending(self, listener: Callable[[], None]) -> None:
        """Be told each time that an attempt lends its slot, or wants it back."""
        self._on_lending.append(listener)

    def take(self, custody: Custody) -> Attempt:
        """Begin to supervise an attempt, or go on with it."""
        attempt = Attempt(self._shop, custody, Lending(self._tell_of_lending))
        self._attempts[attempt_name(attempt.ref)] = attempt
        task = asyncio.create_task(self._supervise(attempt), name=attempt_name(attempt.ref))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return attempt

    def adopt_abandoned(self) -> None:
        """Take every attempt on this host that nobody supervises."""
        for custody in self._find_abandoned():
            self.take(custody)

    def _find_abandoned(self) -> list[Custody]:
        found: list[Custody] = []
        for directory, lock in unlocked_attempts(self._shop.jobs):
            record = directory.read_record()
            if record is None:
                log.error("attempt_without_record", directory=str(directory.path), consequence="its lease runs out")
                directory.remove()
                lock.release()
                continue
            log.info(
                "attempt_adopted", job=record.spec.job_id, attempt=record.spec.attempt, phase=directory.read_phase()
            )
            attempts_adopted.inc()
            found.append(Custody(directory, lock, record, is_adopted=True))
        return found

    @property
    def busy(self) -> int:
        """Count the attempts that still use the host."""
        return sum(not attempt.has_ended.is_set() for attempt in self._attempts.values())

    @property
    def busy_adopted(self) -> int:
        """Count those of them that no work message holds a slot for."""
        return sum(attempt.is_adopted and not attempt.has_ended.is_set() for attempt in self._attempts.values())

    @property
    def lent(self) -> int:
        """Count the attempts that use the host but only wait for others."""
        return len(self.waiting_jobs())

    def waiting_jobs(self) -> list[JobId]:
        """List the jobs of those attempts."""
        return [
            attempt.ref.job_id
            for attempt in self._attempts.values()
            if attempt.lending.is_lent and not attempt.has_ended.is_set()
        ]

    def unsettled(self) -> list[AttemptRef]:
        """List the attempts whose leases must be extended."""
        return [attempt.ref for attempt in self._attempts.values() if not attempt.is_settled]

    def stop(self, order: StopOrder) -> bool:
        attempt = self._attempts.get(attempt_name(order))
        if attempt:
            attempt.interrupts.stop(order)
        return attempt is not None

    def fence(self, ref: AttemptRef) -> None:
        # One that has ended is being reported: the answer to that is on its way, and may have been overtaken by this.
        if (attempt := self._attempts.get(attempt_name(ref))) and not attempt.has_ended.is_set():
            attempt.interrupts.fence()

    async def until_empty(self) -> None:
        while self._attempts:
            self._left.clear()
            await self._left.wait()

    async def finish_ended(self, seconds_max: float) -> None:
        """Let attempts that have ended be reported, shipped and removed, as far as that is quickly done."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds_max):
                while any(attempt.has_ended.is_set() for attempt in self._attempts.values()):
                    self._left.clear()
                    await self._left.wait()

    async def leave_all(self) -> None:
        """Let go of everything as it is: pods run on, locks are released, the next process adopts."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell_of_lending(self) -> None:
        for listener in self._on_lending:
            listener()

    async def _supervise(self, attempt: Attempt) -> None:
        try:
            await attempt.run()
        except* OSError as errors:
            # The disk, most likely: without the trace, for until there is room this comes every second.
            attempts_broken.inc()
            attempt_of = {"job": attempt.ref.job_id, "attempt": attempt.ref.attempt}
            log.error("supervision_failed", **attempt_of, error=_causes(errors), then="it is tried again")  # noqa: TRY400
        except* Exception:
            # Its lock is free again: the next scan goes on with it. The others must not suffer.
            attempts_broken.inc()
            log.exception("supervision_failed", job=attempt.ref.job_id, attempt=attempt.ref.attempt)
        finally:
            self._attempts.pop(attempt_name(attempt.ref), None)
            self._left.set()


def _causes(errors: ExceptionGroup[OSError]) -> str:
    """Say what is in the group, and in the groups in it."""
    causes = (_causes(one) if isinstance(one, ExceptionGroup) else str(one) for one in errors.exceptions)
    return "; ".join(dict.fromkeys(causes))
