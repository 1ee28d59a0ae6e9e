"""A run with its jobs, printed for people, and the exit code that it stands for."""

from typing import Any

from tisktask_cli.errors import Exit
from tisktask_cli.output import lasted, print_table, state

_BAD_ENDS = {"failed", "errored", "cancelled", "timed_out"}


def print_run(run: dict[str, Any]) -> None:
    """Print a run with its jobs for people."""
    print(f"{run['repository']} #{run['number']}  {state(run['state'])}  {run['event']} {run['sha'][:10]}")
    for name in ("title", "reason"):
        if run.get(name):
            print(f"  {run[name]}")
    for warning in run.get("warnings") or []:
        print(f"  warning: {warning}")
    jobs = [job for job in [run.get("preparation"), *run["jobs"]] if job]
    print_table(["job", "name", "state", "exit", "took", "reason"], [_job_row(job) for job in jobs])


def exit_code(run: dict[str, Any]) -> int:
    return Exit.FAILED if run["state"] in _BAD_ENDS else Exit.DONE


def _job_row(job: dict[str, Any]) -> list[str]:
    code = "-" if job["exit_code"] is None else str(job["exit_code"])
    took = lasted(job["started_at"], job["finished_at"])
    return [job["id"], job["name"], job["state"], code, took, job["reason"] or ""]
