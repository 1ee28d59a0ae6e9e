"""Takes work for the free slots of this process: claims an attempt, acknowledges the message, supervises."""

import asyncio
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from enum import Enum

import structlog
from nats.aio.msg import Msg
from prometheus_client import Counter
from pydantic import ValidationError

from tisktask_common.bus.connection import Bus
from tisktask_common.bus.pull import Puller
from tisktask_common.errors import InfrastructureError, UserError
from tisktask_common.rpc import AttemptRef, JobGrant, StopOrder
from tisktask_common.subjects import control_subject, work_consumer
from tisktask_runner.attempt.claim import claim, record_of
from tisktask_runner.attempt.custody import Custody
from tisktask_runner.attempt.directory import attempt_name, create_attempt
from tisktask_runner.attempt.roster import SCAN_SECONDS, Roster
from tisktask_runner.attempt.supervise import Attempt
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.slots import Slots

log = structlog.get_logger()

_GIVE_BACK_SECONDS = 1.0
#: A claim that is on its way when we are told to end is waited for.
_LAST_CLAIM_SECONDS = 10.0

claims = Counter("tisktask_claims_total", "Claims of attempts, by their answer", ["answer"])
work_given_back = Counter("tisktask_work_given_back_total", "Work messages that came when all slots were taken again")


class Hold(Enum):
    """Why a process takes no work."""

    PODMAN = "podman has not answered"
    #: It may have been paused before its start.
    UNHEARD = "no heartbeat was answered yet"
    PAUSED = "a person has paused it"
    DISK = "there is no room on the disk"


class Worker:
    """The pull loop of one process, what it was offered, and its eyes for abandoned attempts."""

    def __init__(self, shop: Workshop, roster: Roster, pool: str, slots: Slots, has_room: asyncio.Event) -> None:
        self._shop = shop
        self._roster = roster
        self._slots = slots
        #: Claims on their way: they will take a slot.
        self._claiming = 0
        #: Offered by the orchestrator; they get the next slots that become free.
        self._offers: dict[str, AttemptRef] = {}
        #: Offered, and claimed or at work.
        self._taken_up: dict[str, asyncio.Task[None]] = {}
        #: Set when there is room for what the orchestrator might offer.
        self._has_room = has_room
        self._is_closing = False
        #: Why no work is taken; while there is one.
        self._holds: set[Hold] = set()
        self.puller = Puller(shop.bus, work_consumer(pool), self._take, concurrency=slots.own)
        roster.on_lending(self.fit)

    @property
    def room(self) -> int:
        """Count the slots for which there is no job yet, nor one on its way."""
        return self._slots.allowed(self._roster.lent) - self._roster.busy - self._claiming

    @property
    def free(self) -> int:
        """Count the slots that the orchestrator may offer jobs for."""
        return 0 if self.puller.is_paused else max(0, self.room - len(self._offers))

    @property
    def has_paused(self) -> bool:
        """Whether it takes nothing, as it was told to: no claim is on its way either."""
        return Hold.PAUSED in self._holds and self._claiming == 0

    def hold(self, why: Hold) -> None:
        """Take no work until this is released."""
        self._holds.add(why)
        self.puller.is_paused = True

    def release(self, why: Hold) -> None:
        if why not in self._holds:
            return
        self._holds.remove(why)
        if not self._holds:
            self.puller.resume()
            self._make_use_of_slot()

    def hold_while(self, why: Hold, *, is_held: bool) -> None:
        if is_held:
            self.hold(why)
        else:
            self.release(why)

    def heed(self, *, is_paused: bool) -> None:
        """Do what the answer to a heartbeat says about taking work."""
        if is_paused != (Hold.PAUSED in self._holds):
            log.info("runner_paused" if is_paused else "runner_resumed")
        if is_paused:
            self.hold(Hold.PAUSED)
            # Others are offered them.
            self._offers.clear()
        else:
            self.release(Hold.PAUSED)
        self.release(Hold.UNHEARD)

    async def adopt_forever(self) -> None:
        """Look for abandoned attempts every second. They take slots of ours."""
        while True:
            self.adopt()
            await asyncio.sleep(SCAN_SECONDS)

    def adopt(self) -> None:
        try:
            self._roster.adopt_abandoned()
        except OSError as error:
            # Directories come and go under the scan; a full disk mends, too. The next scan is a second away.
            log.warning("scan_failed", error=str(error))
        self.fit()

    def offer(self, refs: Iterable[AttemptRef]) -> None:
        """Be offered attempts: they are claimed as soon as there is a slot."""
        if self._is_closing or Hold.PAUSED in self._holds:
            return
        for ref in refs:
            name = attempt_name(ref)
            if name not in self._taken_up and len(self._offers) < self._slots.own:
                self._offers.setdefault(name, ref)
        self.fit()

    def fit(self) -> None:
        """Give free slots to what was offered, and ask the stream for as much as the others can take."""
        while self._offers and self.room > 0 and not self.puller.is_paused:
            self._take_up(self._offers.pop(next(iter(self._offers))))
        without_message = self._roster.busy_adopted + len(self._taken_up) + len(self._offers)
        self.puller.fit(max(0, self._slots.allowed(self._roster.lent) - without_message))

    def close(self) -> None:
        """Take up no offers any more."""
        self._is_closing = True
        self._offers.clear()

    async def until_claimed(self) -> None:
        """Let claims that are on their way be answered, after the attempts were let go of."""
        if self._taken_up:
            await asyncio.wait(self._taken_up.values(), timeout=_LAST_CLAIM_SECONDS)

    async def _take(self, message: Msg) -> None:
        """Claim, acknowledge, and hold the slot until the attempt has ended."""
        if self.room <= 0 or self._holds & {Hold.PAUSED, Hold.DISK}:
            # It was asked for when jobs waited that go on meanwhile, or before the hold: another host may have a slot.
            work_given_back.inc()
            await message.nak()
            return
        ref = AttemptRef.model_validate_json(message.data)
        with self._holding_slot():
            grant = await self._claim(ref)
            if grant is None:
                # Not raised: the fault is not the message's, so it must never be buried as a bad one.
                await message.nak(delay=_GIVE_BACK_SECONDS)
                return
            try:
                custody = await asyncio.to_thread(self._take_custody, grant)
            except OSError as error:
                # Not raised, either: it is granted to this host again, or lost before it began and queued anew.
                log.error("attempt_not_kept", job=ref.job_id, attempt=ref.attempt, error=str(error))  # noqa: TRY400
                await message.nak(delay=_GIVE_BACK_SECONDS)
                return
            attempt = self._begin(ref, grant, custody)
        await message.ack()
        if attempt:
            await attempt.has_ended.wait()
        self._make_use_of_slot()

    def _take_up(self, ref: AttemptRef) -> None:
        name = attempt_name(ref)
        # Counted here: the task has not begun when the next free slot is looked for.
        self._claiming += 1
        task = asyncio.create_task(self._take_offered(ref), name=f"offer {name}")
        self._taken_up[name] = task
        task.add_done_callback(lambda _: self._end_offer(name))

    async def _take_offered(self, ref: AttemptRef) -> None:
        try:
            grant = await self._claim(ref)
            custody = await asyncio.to_thread(self._take_custody, grant) if grant else None
            attempt = self._begin(ref, grant, custody) if grant else None
        finally:
            self._claiming -= 1
        if attempt:
            self._has_room.set()
            await attempt.has_ended.wait()

    def _end_offer(self, name: str) -> None:
        task = self._taken_up.pop(name)
        if not task.cancelled() and (error := task.exception()):
            log.error("offer_failed", offer=name, error=repr(error), exc_info=error)
        self._make_use_of_slot()

    def _make_use_of_slot(self) -> None:
        self.fit()
        self._has_room.set()

    @contextmanager
    def _holding_slot(self) -> Generator[None]:
        self._claiming += 1
        try:
            yield
        finally:
            self._claiming -= 1

    def _begin(self, ref: AttemptRef, grant: JobGrant, custody: Custody | None) -> Attempt | None:
        if custody is None:
            log.info("work_passed_over", job=ref.job_id, attempt=ref.attempt, reason=grant.reason)
            return None
        return self._roster.take(custody)

    async def _claim(self, ref: AttemptRef) -> JobGrant | None:
        try:
            grant = await claim(self._shop, ref)
        except UserError as error:
            claims.labels("refused").inc()
            return JobGrant(granted=False, reason=error.message)
        except InfrastructureError as error:
            claims.labels("unanswered").inc()
            log.warning("claim_not_answered", job=ref.job_id, attempt=ref.attempt, error=error.message)
            return None
        claims.labels("granted" if grant.granted else "refused").inc()
        return grant

    def _take_custody(self, grant: JobGrant) -> Custody | None:
        """Make the attempt's directory; None: not granted, or another process of this host is at it already."""
        record = record_of(grant)
        made = create_attempt(self._shop.jobs, record) if record else None
        return Custody(*made, record) if made and record else None


async def obey_orders(bus: Bus, runner: str, roster: Roster) -> None:
    """Listen for orders to stop at once. What gets lost here comes again with a heartbeat's answer."""

    async def on_message(message: Msg) -> None:
        try:
            order = StopOrder.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("order_unreadable", error=str(error))
            return
        if roster.stop(order):
            log.info("stop_ordered", job=order.job_id, attempt=order.attempt, reason=order.reason)

    await bus.client.subscribe(control_subject(runner), cb=on_message)
