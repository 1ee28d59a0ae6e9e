"""The work of an attempt, from the phase that it is in: a preparation, or a program in its pod."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from tisktask_common.lifecycle import JobKind, JobState
from tisktask_common.rpc import JobBegan, JobSpec
from tisktask_runner import words
from tisktask_runner.attempt.claim import claim_patiently
from tisktask_runner.attempt.custody import Custody
from tisktask_runner.attempt.directory import Phase
from tisktask_runner.attempt.interrupts import Interrupted, Interrupts
from tisktask_runner.attempt.lending import Lending
from tisktask_runner.attempt.notes import Notes
from tisktask_runner.attempt.outbox import Outbox
from tisktask_runner.attempt.outcome import Outcome, ended_by_order, errored, not_executed, outcome_of_exit
from tisktask_runner.attempt.pod import await_end, remove_pods
from tisktask_runner.attempt.prepare import prepare
from tisktask_runner.attempt.program import make_ready
from tisktask_runner.attempt.socket import open_socket
from tisktask_runner.attempt.stopwatch import Stopwatch
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.engine.model import Exit, Lost, NotStarted, Pod
from tisktask_runner.image.explain import explain, explain_shell
from tisktask_runner.log.shipper import LogShipper
from tisktask_runner.sidecar.sidecars import Sidecars

log = structlog.get_logger()

#: Of a program, to see its #! line.
_HEAD_BYTES = 512


@dataclass(frozen=True)
class Work:
    """One attempt's means of work."""

    shop: Workshop
    custody: Custody
    interrupts: Interrupts
    outbox: Outbox
    shipper: LogShipper
    lending: Lending
    sidecars: Sidecars
    stopwatch: Stopwatch

    @property
    def spec(self) -> JobSpec:
        return self.custody.record.spec


async def do_work(work: Work) -> Outcome:
    """Do what is left to do. An interrupted attempt ends as its stop order says."""
    outcome = await (_do_preparation(work) if work.spec.kind is JobKind.PREPARE else _do_program(work))
    if isinstance(outcome, Interrupted):
        # Fenced off, nothing is reported: then the value is of no use.
        order = work.interrupts.order
        return ended_by_order(order) if order else Outcome(JobState.CANCELLED)
    return outcome


async def _do_preparation(work: Work) -> Outcome | Interrupted:
    """Prepare. It has no effect outside of this host, so after a death it is simply done again."""
    work.shipper.close_parts(1)
    spec = await work.interrupts.guard(_spec_with_secrets(work))
    if not isinstance(spec, JobSpec):
        return Interrupted()
    work.outbox.put(_began(work))
    reporting = asyncio.create_task(work.outbox.deliver())
    try:
        async with work.shop.podman.telling(Notes(work.custody.directory.output_log).say):
            return await work.interrupts.guard(prepare(work.shop, work.custody.directory, spec, work.stopwatch))
    finally:
        reporting.cancel()


async def _do_program(work: Work) -> Outcome | Interrupted:
    directory = work.custody.directory
    phase = directory.read_phase()
    if phase is Phase.CLAIMED:
        async with work.shop.podman.telling(Notes(directory.before_log).say):
            ready = await work.interrupts.guard(_make_ready(work))
        if not isinstance(ready, Pod):
            return ready
        directory.write_pod(ready)
        work.outbox.put(_began(work))
        directory.write_phase(Phase.BEGAN)
    work.shipper.close_parts(1)
    pod = directory.read_pod()
    if pod is None:
        return errored(words.pod_gone())
    async with open_socket(work.shop, work.custody, work.lending, work.sidecars):
        if phase is not Phase.STARTED and (refusal := await _start(work, pod)):
            return refusal
        end = await _await_end(work, pod)
        if isinstance(end, Lost) and end.was_never_started and not work.interrupts.is_set:
            # Whoever was about to start it has died: nothing of it has had an effect.
            log.warning("program_not_started_yet")
            if refusal := await _execute(work, pod):
                return refusal
            end = await _await_end(work, pod)
    work.stopwatch.mark("until_exit")
    has_started = not (isinstance(end, Exit) and end.reason)
    return _explained(work, outcome_of_exit(end, work.interrupts.order, work.spec.limits), has_started=has_started)


async def _make_ready(work: Work) -> Pod | Outcome | Interrupted:
    spec = await _spec_with_secrets(work)
    if not isinstance(spec, JobSpec):
        return spec
    if work.custody.is_adopted:
        await remove_pods(work.shop, spec, None, is_unsure=True)
    return await make_ready(work.shop, work.custody.directory, spec, work.stopwatch)


async def _spec_with_secrets(work: Work) -> JobSpec | Interrupted:
    """Claim an adopted attempt again: its token was sealed for a process that has died."""
    if not work.custody.is_adopted:
        return work.spec
    grant = await claim_patiently(work.shop, work.custody.record.ref)
    if grant.granted and grant.spec:
        return grant.spec
    log.warning("claim_lost", reason=grant.reason)
    work.interrupts.fence()
    return Interrupted()


async def _start(work: Work, pod: Pod) -> Outcome | Interrupted | None:
    """Execute the program, once the orchestrator knows that it has begun; None: it runs.

    The orchestrator must know first: a job that has begun is not given to another runner.
    """
    answer = await work.interrupts.guard(work.stopwatch.time("began", work.outbox.deliver()))
    if isinstance(answer, Interrupted):
        return answer
    if not answer.accepted:
        log.warning("begin_not_accepted", reason=answer.reason)
        work.interrupts.fence()
        return Interrupted()
    work.custody.directory.write_phase(Phase.STARTED)
    return await _execute(work, pod)


async def _await_end(work: Work, pod: Pod) -> Exit | Lost:
    return await await_end(work.shop.engine, pod, work.interrupts, work.spec.limits.grace_seconds)


async def _execute(work: Work, pod: Pod) -> Outcome | None:
    started = await work.stopwatch.time("start", work.shop.engine.start(pod))
    work.stopwatch.mark("until_start")
    if isinstance(started, NotStarted):
        return _explained(work, not_executed(started.exit_code, started.message), has_started=False)
    return None


def _explained(work: Work, outcome: Outcome, *, has_started: bool) -> Outcome:
    """Say what 126 and 127 mean, in the log too: there people look first."""
    program, directory = work.spec.program, work.custody.directory
    if outcome.state is not JobState.FAILED or outcome.exit_code not in {126, 127} or program is None:
        return outcome
    image = program.image or program.build_file or words.DEFAULT_IMAGE
    if program.shell is not None:
        said = explain_shell(image, outcome.exit_code, has_started=has_started)
    else:
        head = _head(directory.workspace / program.path)
        said = explain(program.path, head, image, outcome.exit_code, has_started=has_started)
    reason = said or outcome.reason
    Notes(directory.after_log).say(reason)
    return replace(outcome, reason=reason)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""


def _began(work: Work) -> JobBegan:
    ref = work.custody.record.ref
    return JobBegan(job_id=ref.job_id, attempt=ref.attempt, runner=work.shop.runner, started_at=datetime.now(UTC))
