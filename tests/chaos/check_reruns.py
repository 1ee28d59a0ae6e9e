"""Judges what was run again: one new run for each wish, in it exactly what was asked for. Pure."""

from collections.abc import Iterator

from chaos.evidence import Evidence, JobRow
from chaos.reruns import Rerun


def rerun_violations(reruns: list[Rerun], evidence: Evidence) -> Iterator[str]:
    """List wishes that have made no run or several, and runs that hold something else."""
    found = {run.id: run.rerun_of for run in evidence.runs if run.rerun_of is not None}
    for rerun in reruns:
        made = {run for run, of in found.items() if of == rerun.of}
        if made != rerun.made:
            yield f"run {rerun.of} was run again as {sorted(made)}, the answers said {sorted(rerun.made)}"
        if len(made) > 1:
            yield f"run {rerun.of} was run again {len(made)} times for one wish"
        for run in made:
            found.pop(run)
            yield from _contents(rerun, run, evidence)
    yield from (f"run {run} runs {of} again, and nobody wanted it" for run, of in found.items())


def _contents(rerun: Rerun, run: str, evidence: Evidence) -> Iterator[str]:
    older, newer = (_discovered(evidence, one) for one in (rerun.of, run))
    was_prepared = any(
        job.state == "succeeded" for job in evidence.jobs if job.run_id == rerun.of and job.kind == "prepare"
    )
    for name, job in newer.items():
        before = older.get(name)
        succeeded = before is not None and (before.result or before.state) == "succeeded"
        is_kept = rerun.pushed.wants_rerun == "failed" and was_prepared and succeeded
        if is_kept != (job.carried_from is not None):
            yield f"{job} was {'not ' if is_kept else ''}carried over when {rerun.pushed.wants_rerun} of {rerun.of} was run again"


def _discovered(evidence: Evidence, run: str) -> dict[str, JobRow]:
    return {
        job.name: job for job in evidence.jobs if job.run_id == run and job.kind == "program" and job.parent is None
    }
