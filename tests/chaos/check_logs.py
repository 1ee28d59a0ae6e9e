"""Judges the logs: of each attempt they hold exactly what its program is known to write. Pure."""

import re
from collections.abc import Iterator

from chaos.evidence import AttemptRow, Evidence, JobRow
from chaos.programs import RECIPES

#: What the runner adds to the log of an attempt that was taken from it.
_GIVEN_UP = b"[tisktask] This attempt was given up"
#: What it says before the program's first line: that it waits for Podman.
_NOTES = re.compile(rb"(\[tisktask\] Podman [^\n]*\n)*")
#: What tisktask-cmd says on standard error when its runner is away for long.
_PATIENCE = re.compile(rb"tisktask-cmd: [^\n]*; trying again for up to \d+ s\n")


def log_violations(evidence: Evidence) -> Iterator[str]:
    """List what is missing, doubled or damaged."""
    jobs = {job.id: job for job in evidence.jobs}
    for one in evidence.attempts:
        job = jobs[one.job_id]
        if job.kind == "program":
            yield from _of_attempt(evidence, job, one)
    for job in evidence.jobs:
        if job.carried_from in jobs and job.kind == "program":
            origin = jobs[job.carried_from]
            if evidence.logs[job.id, job.attempt] != evidence.logs[origin.id, origin.attempt]:
                yield f"{job}: its log is not that of {origin}, from which it was carried over"


def _of_attempt(evidence: Evidence, job: JobRow, attempt: AttemptRow) -> Iterator[str]:
    recipe = RECIPES[job.name]
    log = _PATIENCE.sub(b"", evidence.logs[job.id, attempt.attempt])
    log = log[len(_NOTES.match(log)[0]) :]  # pyright: ignore[reportOptionalSubscript] - it matches nothing, too
    whole = recipe.whole_log(job.id, attempt.attempt)
    is_whole = attempt.state in {"succeeded", "failed"} and _depends_on(evidence, job) <= {"succeeded"}
    written = log.partition(_GIVEN_UP)[0]
    if is_whole and log != whole:
        yield f"{job}: the log of attempt {attempt.attempt} has {len(log)} bytes, not {len(whole)}; {_difference(log, whole)}"
    elif not recipe.depends_on_others and not whole.startswith(written):
        yield f"{job}: the log of attempt {attempt.attempt} is no beginning of what it wrote; {_difference(written, whole)}"
    for name, text in recipe.containers if is_whole else ():
        found = evidence.container_logs.get((job.id, attempt.attempt, name), b"")
        # How it ended is said behind what it wrote.
        if found.partition(b"[tisktask] ")[0] != text:
            yield f"{job}: the log of its container {name} is {found!r} instead of {text!r}"


def _depends_on(evidence: Evidence, job: JobRow) -> set[str]:
    """Tell the states of all jobs whose ends decide what this one writes."""
    recipe = RECIPES[job.name]
    return {
        one.state
        for one in evidence.jobs
        if one.parent == job.id or (one.run_id == job.run_id and one.name in recipe.shares_with)
    }


def _difference(found: bytes, wanted: bytes) -> str:
    at = next((n for n, (a, b) in enumerate(zip(found, wanted, strict=False)) if a != b), min(len(found), len(wanted)))
    start = max(0, at - 40)
    return f"from byte {at}: {found[start : at + 60]!r} instead of {wanted[start : at + 60]!r}"
