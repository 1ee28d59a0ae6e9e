"""Supervises one attempt from wherever it is, as its directory says, until nothing of it is left on this host.

    claimed --> began --> started --> ended --> (directory removed)

A process that dies leaves the directory and, from `started` on, a pod that works on. Whoever locks the directory next
goes on from there. Before `started` the program has done nothing, so what was made for it may be made again.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Counter

from tisktask_common.errors import InfrastructureError
from tisktask_common.lifecycle import JobKind, JobState
from tisktask_common.log_chunk import LogStream
from tisktask_common.rpc import AttemptRef, JobSpec, StopOrder
from tisktask_common.subjects import log_subject
from tisktask_runner import words
from tisktask_runner.attempt.custody import Custody
from tisktask_runner.attempt.directory import AttemptRecord, Phase
from tisktask_runner.attempt.interrupts import Interrupted, Interrupts
from tisktask_runner.attempt.lending import Lending
from tisktask_runner.attempt.notes import Notes
from tisktask_runner.attempt.outbox import Outbox
from tisktask_runner.attempt.outcome import Outcome, errored
from tisktask_runner.attempt.pod import remove_pods
from tisktask_runner.attempt.sidecars import sidecar_means
from tisktask_runner.attempt.stopwatch import Stopwatch
from tisktask_runner.attempt.work import Work, do_work
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.host.boot import is_other_boot
from tisktask_runner.image.leftovers import remove_working_containers
from tisktask_runner.log.cut import LogPart, LogSource
from tisktask_runner.log.shipper import LogShipper
from tisktask_runner.sidecar.sidecars import Sidecars

log = structlog.get_logger()

attempts_ended = Counter(
    "tisktask_attempts_total", "Attempts that this runner has brought to an end", ["kind", "state"]
)


class Attempt:
    """One attempt in the hands of this process."""

    def __init__(self, shop: Workshop, custody: Custody, lending: Lending) -> None:
        #: For the commands of its socket: they say when its program waits.
        self.lending = lending
        self._shop = shop
        self._custody = custody
        self._directory = custody.directory
        self.ref: AttemptRef = custody.record.ref
        self.is_adopted = custody.is_adopted
        self.interrupts = Interrupts(self._directory.read_order(), self._directory.write_order)
        self._outbox = Outbox(shop.bus, self._directory.outbox)
        self._stopwatch = Stopwatch()
        source = log_source(shop, custody)
        self._shipper = LogShipper(shop.lane, source, self._directory.log_position, self._stop_for_log)
        self.sidecars = Sidecars(sidecar_means(shop, custody))
        #: It uses the host's processors no more.
        self.has_ended = asyncio.Event()
        #: The orchestrator has answered to the end (or it is no longer ours): its lease needs no extension.
        self.is_settled = False

    async def run(self) -> None:
        """Bring it to its end. Cancelled, all is left as it is for the next supervisor."""
        spec = self._custody.record.spec
        structlog.contextvars.bind_contextvars(
            job=spec.job_id, run=spec.run_id, attempt=spec.attempt, kind=spec.kind.value
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._shipper.run())
                tasks.create_task(self.sidecars.run())
                ending = tasks.create_task(self._end_sidecars())
                await self._bring_to_end()
                self._shipper.close()
                await ending
                await self._clean_up(spec)
            await asyncio.to_thread(self._directory.remove)
            log.info("attempt_closed")
        finally:
            self.has_ended.set()
            self._custody.lock.release()

    async def _end_sidecars(self) -> None:
        """End what is beside the program as soon as it has ended; the report does not wait for it."""
        await self.has_ended.wait()
        await self.sidecars.end()

    async def _clean_up(self, spec: JobSpec) -> None:
        pod = self._directory.read_pod()
        # Given up while it was made, it is made all the same: Podman is not told.
        is_unsure = self.is_adopted or (pod is None and spec.kind is JobKind.PROGRAM)
        await remove_pods(self._shop, spec, pod, is_unsure=is_unsure)
        self.sidecars.close()
        if self.interrupts.is_set:
            # A build that was stopped may have left the container that it worked in.
            await remove_working_containers(self._shop.images.host)
        await asyncio.to_thread(self._directory.clear_work)

    async def _bring_to_end(self) -> None:
        if self._directory.read_phase() is not Phase.ENDED:
            outcome = self._with_true_cause(await self._work_within_time())
            if self.interrupts.is_fenced:
                await self._give_up()
                return
            await self._keep_end(outcome)
        self.has_ended.set()
        # The log is complete now, but the report does not wait for it.
        self._shipper.close()
        answer = await self.interrupts.guard_from_fence(self._stopwatch.time("report", self._outbox.deliver()))
        if isinstance(answer, Interrupted):
            await self._give_up()
        elif not answer.accepted:
            log.warning("end_not_accepted", reason=answer.reason)
        self.is_settled = True
        log.info("attempt_ended", **self._stopwatch.milliseconds)

    async def _work_within_time(self) -> Outcome:
        record = self._custody.record
        watch = asyncio.create_task(self._stop_when_time_is_up(record))
        work = Work(
            self._shop,
            self._custody,
            self.interrupts,
            self._outbox,
            self._shipper,
            self.lending,
            self.sidecars,
            self._stopwatch,
        )
        try:
            return await do_work(work)
        except InfrastructureError as error:
            log.warning("attempt_broken", error=error.message)
            return errored(words.engine_failed(error.message))
        except Exception as error:
            # The end of one attempt must not be the end of the process and its other attempts.
            log.exception("attempt_broken")
            return errored(words.internal_error(type(error).__name__))
        finally:
            watch.cancel()

    def _with_true_cause(self, outcome: Outcome) -> Outcome:
        """Say that the host was started anew, where we only see what follows from it: no pod, no exit code."""
        is_lost = outcome.state is JobState.ERRORED and self._directory.read_phase() is not Phase.CLAIMED
        if is_lost and is_other_boot(self._custody.record.boot_id):
            log.warning("host_restarted", found=outcome.reason)
            return errored(words.host_restarted(self._shop.runner))
        return outcome

    async def _keep_end(self, outcome: Outcome) -> None:
        spec = self._custody.record.spec
        report = outcome.report(spec, self._shop.runner, datetime.now(UTC))
        await self._with_room(lambda: self._outbox.put(report))
        await self._with_room(lambda: self._directory.write_phase(Phase.ENDED))
        attempts_ended.labels(spec.kind.value, outcome.state.value).inc()
        self._stopwatch.mark("until_end")
        log.info(
            "job_ended",
            state=outcome.state.value,
            reason=outcome.reason,
            exit_code=outcome.exit_code,
        )

    async def _with_room(self, keep: Callable[[], None]) -> None:
        try:
            keep()
        except OSError as error:
            # It may be the job itself that has filled the disk, with files that nobody needs any more.
            log.warning("end_not_kept", error=str(error), then="the job's files are removed first")
            await asyncio.to_thread(self._directory.clear_work)
            keep()

    async def _give_up(self) -> None:
        """Say nothing to the orchestrator: it has decided without us. Whoever reads the log is told."""
        Notes(self._directory.after_log).say(words.taken_over())
        self._outbox.drop()
        await self._with_room(lambda: self._directory.write_phase(Phase.ENDED))
        self.is_settled = True
        self.has_ended.set()
        log.warning("attempt_given_up")

    async def _stop_when_time_is_up(self, record: AttemptRecord) -> None:
        seconds = record.spec.limits.seconds
        if seconds:
            ends_at = record.claimed_at + timedelta(seconds=seconds)
            await asyncio.sleep(max(0.0, (ends_at - datetime.now(UTC)).total_seconds()))
            self._stop(JobState.TIMED_OUT, words.timed_out(seconds))

    def _stop_for_log(self) -> None:
        self._stop(JobState.FAILED, words.log_limit_reached(self._custody.record.spec.limits.log_bytes))

    def _stop(self, state: JobState, reason: str) -> None:
        self.interrupts.stop(StopOrder(job_id=self.ref.job_id, attempt=self.ref.attempt, state=state, reason=reason))


def log_source(shop: Workshop, custody: Custody) -> LogSource:
    """Name the files of an attempt's log: what we say, the output, and what we say about its end."""
    spec, directory = custody.record.spec, custody.directory
    parts = [
        LogPart(directory.before_log, LogStream.SYSTEM),
        LogPart(directory.output_log, LogStream.STDOUT if spec.kind is JobKind.PREPARE else None),
        LogPart(directory.after_log, LogStream.SYSTEM),
    ]
    subject = log_subject(shop.runner, spec.run_id, spec.job_id, spec.attempt)
    return LogSource(spec.job_id, spec.attempt, subject, parts, spec.limits.log_bytes)
