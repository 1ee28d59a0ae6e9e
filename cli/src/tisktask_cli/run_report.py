"""A run with its jobs, printed for people, and the exit code that it stands for."""

from collections import defaultdict
from typing import Any

from tisktask_cli.errors import Exit
from tisktask_cli.output import lasted, print_table, printable, state
from tisktask_cli.trust_report import print_trust

_BAD_ENDS = {"failed", "errored", "cancelled", "timed_out"}
_LINES_MAX = 20


def print_run(run: dict[str, Any]) -> None:
    """Print a run with its jobs for people."""
    print(f"{run['repository']} #{run['number']}  {state(run['state'])}  {run['event']} {run['sha'][:10]}")
    is_explained = run["state"] == "awaiting_approval" and run.get("trust")
    for name in ("title",) if is_explained else ("title", "reason"):
        if run.get(name):
            print(f"  {printable(run[name])}")
    print_trust(run)
    if run.get("rerun_of"):
        print(f"  re-run of #{run['rerun_of_number']} ({run['rerun_of']})")
    if reruns := run.get("reruns"):
        print("  re-run as " + ", ".join(f"#{rerun['number']} ({rerun['run_id']})" for rerun in reruns))
    for warning in run.get("warnings") or []:
        print(f"  warning: {printable(warning)}")
    preparations = [(0, run[name]) for name in ("inspection", "preparation") if run.get(name)]
    rows = [_job_row(depth, job) for depth, job in [*preparations, *as_tree(run["jobs"])]]
    print_table(["job", "name", "state", "exit", "took", "note"], rows)
    _print_annotations(run)


def exit_code(run: dict[str, Any]) -> int:
    return Exit.FAILED if run["state"] in _BAD_ENDS else Exit.DONE


def as_tree(jobs: list[dict[str, Any]]) -> list[tuple[int, dict[str, Any]]]:
    """Put each job below the one that has started it, with its depth; siblings in the order of their creation."""
    children: defaultdict[str | None, list[dict[str, Any]]] = defaultdict(list)
    known = {job["id"] for job in jobs}
    for job in jobs:
        parent = job.get("parent_job_id")
        children[parent if parent in known else None].append(job)
    ordered: list[tuple[int, dict[str, Any]]] = []
    waiting = [(0, job) for job in reversed(children[None])]
    while waiting:
        depth, job = waiting.pop()
        ordered.append((depth, job))
        waiting += [(depth + 1, child) for child in reversed(children[job["id"]])]
    return ordered


def _job_row(depth: int, job: dict[str, Any]) -> list[str]:
    code = "-" if job["exit_code"] is None else str(job["exit_code"])
    took = lasted(job["started_at"], job["finished_at"])
    return [job["id"], "  " * depth + (job.get("title") or job["name"]), job["state"], code, took, _note(job)]


def _note(job: dict[str, Any]) -> str:
    """Say what is to be said of a job in one line."""
    notes = [job["reason"] or job.get("status_text") or ""]
    if job["state"] == "queued" and job.get("labels"):
        notes = [f"waits for a runner with {', '.join(job['labels'])}"]
    result = job.get("result")
    notes += [f"with its jobs: {result}"] if result and result != job["state"] else []
    notes += ["may fail"] if job.get("may_fail") else []
    notes += ["detached"] if job.get("is_detached") else []
    return "; ".join(note for note in notes if note)


def _print_annotations(run: dict[str, Any]) -> None:
    names = {job["id"]: job.get("title") or job["name"] for job in run["jobs"]}
    annotations = run.get("annotations") or []
    if annotations:
        print("\nannotations")
    for annotation in annotations:
        place = annotation["file"] or ""
        if place and annotation["line"]:
            place += f":{annotation['line']}"
        head = [annotation["level"], place, f"({names.get(annotation['job_id'], annotation['job_id'])})"]
        print("  " + printable("  ".join(part for part in head if part)))
        lines = annotation["text"].splitlines()
        for line in lines[:_LINES_MAX]:
            print(f"    {printable(line)}")
        if len(lines) > _LINES_MAX:
            print(f"    [{len(lines) - _LINES_MAX} more lines: --json shows them]")
    missing = run.get("annotations_total", len(annotations)) - len(annotations)
    if missing:
        print(f"  [and {missing} more, which the server leaves out]")
