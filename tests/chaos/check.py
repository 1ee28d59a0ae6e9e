"""Judges what is left behind: each check lists violations of the promise that nothing is lost. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator

from chaos.check_logs import log_violations
from chaos.check_reruns import rerun_violations
from chaos.evidence import AttemptRow, Evidence, JobRow
from chaos.load import Pushed
from chaos.programs import RECIPES
from chaos.reruns import Rerun
from chaos.schedule import LEASE_SECONDS, RUNNERS
from chaos.victims import Struck

#: How the forge shows the ends.
_SHOWN = {
    "succeeded": "success",
    "failed": "failure",
    "timed_out": "failure",
    "errored": "error",
    "cancelled": "error",
}
#: From the end of a lease until it is seen and written down, on a machine that has much to do.
_SEEN_SECONDS = 30.0


def violations(
    pushes: list[Pushed],
    reruns: list[Rerun],
    evidence: Evidence,
    starts: Counter[tuple[str, int]],
    struck: list[Struck],
) -> list[str]:
    """List everything that contradicts the promise."""
    return [
        *_deliveries(pushes, evidence),
        *_ends(evidence),
        *_results(pushes, evidence),
        *rerun_violations(reruns, evidence),
        *_unexplained(evidence, struck),
        *_starts(evidence, starts),
        *_attempts(evidence),
        *log_violations(evidence),
        *_statuses(evidence),
    ]


def errored(evidence: Evidence) -> list[JobRow]:
    return [job for job in evidence.jobs if job.state == "errored" and job.carried_from is None]


def _deliveries(pushes: list[Pushed], evidence: Evidence) -> Iterator[str]:
    found = Counter(run.delivery for run in evidence.runs if run.rerun_of is None)
    for pushed in pushes:
        if (count := found.pop(pushed.delivery.id, 0)) != 1:
            yield f"delivery {pushed.delivery.id} was accepted {pushed.accepted} times and has {count} runs"
    yield from (f"run of a delivery that nobody sent: {delivery}" for delivery in found)


def _ends(evidence: Evidence) -> Iterator[str]:
    for run in evidence.runs:
        if run.ends != 1 or run.state not in _SHOWN:
            yield f"run {run.id} is {run.state} and has come to a final state {run.ends} times"
    for job in evidence.jobs:
        if job.ends != 1 or job.state not in _SHOWN:
            yield f"{job} has come to a final state {job.ends} times"


def _results(pushes: list[Pushed], evidence: Evidence) -> Iterator[str]:
    asked = {one.delivery.id: one for one in pushes}
    for run in evidence.runs:
        jobs = [job for job in evidence.jobs if job.run_id == run.id]
        pushed = asked.get(run.delivery)
        if pushed is None:
            continue
        programs = [job for job in jobs if job.kind == "program"]
        prepared = any(job.kind == "prepare" and job.state == "succeeded" for job in jobs)
        top = sorted(job.name for job in programs if job.parent is None)
        if prepared and top != sorted(pushed.names):
            yield f"run {run.id} has the jobs {top} instead of {sorted(pushed.names)}"
        states = {job.state for job in jobs}
        if run.state not in ({"succeeded"} if states <= {"succeeded"} else states - {"succeeded"}):
            yield f"run {run.id} is {run.state} ({run.reason!r}), its jobs are {sorted(states)}"
        run_cancelled = pushed.wants_cancel and pushed.cancels_run
        for job in programs:
            yield from _result(job, jobs, run_cancelled=run_cancelled)


def _result(job: JobRow, family: list[JobRow], *, run_cancelled: bool) -> Iterator[str]:
    recipe = RECIPES[job.name]
    allowed = {"succeeded"} if recipe.exit_code == 0 and not recipe.is_endless else set[str]()
    if recipe.exit_code:
        allowed = {"failed"}
        if job.state == "failed" and job.exit_code != recipe.exit_code:
            yield f"{job} ended with exit code {job.exit_code}, not {recipe.exit_code}"
    if recipe.is_endless or run_cancelled:
        allowed |= {"cancelled"}
    children = [one for one in family if one.parent == job.id]
    expected = 0 if job.carried_from else len(recipe.children)
    if {one.state for one in children} <= {"succeeded"} and job.state == "succeeded" and len(children) != expected:
        yield f"{job} has {len(children)} children: {[str(one) for one in children]}"
    # Errored ones are looked at by themselves.
    if job.state not in allowed | {"errored"}:
        yield f"{job} should be {' or '.join(sorted(allowed))}"


def _unexplained(evidence: Evidence, struck: list[Struck]) -> Iterator[str]:
    """List what was given up although no runner was silent for longer than its lease, or without saying so."""
    pauses = [one for one in struck if one.blow.part in RUNNERS and one.blow.pause_seconds > LEASE_SECONDS]
    for job in errored(evidence):
        if "silent" not in job.reason:
            yield f"{job} does not say that its runner was lost"
        elif not _was_silent(job.finished_at, pauses):
            yield f"{job} was given up at {job.finished_at}, but no runner was silent for so long"
    kinds = {job.id: job for job in evidence.jobs}
    # What had not begun may also be lost with the answer to its claim; then it is simply done by another attempt.
    for one in (one for one in evidence.attempts if one.state == "errored" and one.has_begun):
        if kinds[one.job_id].kind == "program" and not _was_silent(one.finished_at, pauses):
            yield f"attempt {one.attempt} of {kinds[one.job_id]} was given up ({one.reason!r}) while no runner was silent"


def _was_silent(at: float | None, pauses: Iterable[Struck]) -> bool:
    return at is not None and any(one.at + LEASE_SECONDS / 2 < at < one.ends_at + _SEEN_SECONDS for one in pauses)


def _starts(evidence: Evidence, starts: Counter[tuple[str, int]]) -> Iterator[str]:
    yield from (f"{job}.{attempt} was started {n} times" for (job, attempt), n in starts.items() if n > 1)
    by_job = Counter(job for job, _ in starts)
    ends = {(one.job_id, one.attempt): one for one in evidence.attempts}
    for job in (job for job in evidence.jobs if job.kind == "program"):
        recipe = RECIPES[job.name]
        if by_job[job.id] > 1 + recipe.retries:
            yield f"{job} was started in {by_job[job.id]} attempts, though it may have had effects in the first"
        for attempt in range(1, job.attempt):
            before = ends.get((job.id, attempt))
            if starts[job.id, attempt] and not (before and recipe.may_follow(before.state, before.exit_code)):
                yield f"{job} was started in attempt {attempt}, which ended as {before}; and was tried again"
        has_run = job.state in {"succeeded", "failed"} and job.carried_from is None
        if has_run and not starts[job.id, job.attempt]:
            yield f"{job} was never started in its last attempt"


def _attempts(evidence: Evidence) -> Iterator[str]:
    jobs = {job.id: job for job in evidence.jobs}
    found = Counter(one.job_id for one in evidence.attempts)
    for job in evidence.jobs:
        if found[job.id] > job.attempt:
            yield f"{job} has {found[job.id]} attempts"
    for one in evidence.attempts:
        job = jobs[one.job_id]
        if one.finished_at is None:
            yield f"attempt {one.attempt} of {job} has not ended: {one.state}"
        elif one.attempt < job.attempt and not _may_be_followed(one, job):
            yield f"attempt {one.attempt} of {job} was {one.state}, had begun: {one.has_begun}; and was tried again"


def _may_be_followed(attempt: AttemptRow, job: JobRow) -> bool:
    if attempt.has_begun and job.kind == "program":
        return RECIPES[job.name].may_follow(attempt.state, attempt.exit_code)
    return attempt.state == "errored"


def _statuses(evidence: Evidence) -> Iterator[str]:
    """The newest run of a commit counts."""
    shas = {run.id: run.sha for run in evidence.runs}
    wanted = {(run.sha, "tisktask/push"): run.state for run in evidence.runs}
    for run in evidence.runs:
        for job in (job for job in evidence.jobs if job.run_id == run.id):
            if job.kind == "program" and job.parent is None:
                wanted[shas[job.run_id], f"tisktask/push/{job.name}"] = job.result or job.state
    for place, state in wanted.items():
        if evidence.statuses.get(place) != _SHOWN.get(state):
            yield f"the forge shows {evidence.statuses.get(place)} for {place}, which is {state}"
