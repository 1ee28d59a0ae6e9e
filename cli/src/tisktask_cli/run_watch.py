"""Watches one run to its end from a terminal: its states, its jobs' logs, its outcome."""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tisktask_cli.api_client import Server, segment
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.log_follow import LogOf, follow_lines, text_of
from tisktask_cli.output import state
from tisktask_cli.run_report import exit_code, print_run

ENDS = {"succeeded", "failed", "errored", "cancelled", "timed_out", "skipped"}
_LOOK_SECONDS = 0.25
_APPEAR_SECONDS = 60.0
_AWAY_SECONDS = 60.0
_TAIL_LINES = 20
_FOLLOWED_MAX = 50
_TAILS_MAX = 10
#: A run with very many jobs is not looked at as often: each look reads all of them.
_LOOK_SECONDS_PER_JOB = 0.002


def find_run(server: Server, repository: str, sha: str, trigger_id: str) -> dict[str, Any]:
    """Find the run that a trigger has become; wait for it."""
    deadline = time.monotonic() + _APPEAR_SECONDS
    while time.monotonic() < deadline:
        for run in server.get("/runs", repository=repository, sha=sha)["items"]:
            if run["trigger_id"] == trigger_id:
                return run
        time.sleep(0.1)
    raise CommandError(
        f"the trigger {trigger_id} was taken, but no run of it has appeared within {_APPEAR_SECONDS:.0f} s:"
        " look at the orchestrator with `tisktask doctor`",
        Exit.UNREACHABLE,
    )


def wait_for_end(server: Server, run_id: str, note: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """Look at a run, and `note` it, until it has ended; the server may be away for a while."""
    deadline = time.monotonic() + _AWAY_SECONDS
    while True:
        try:
            run = server.get(f"/runs/{segment(run_id)}")
        except CommandError as error:
            if error.exit_code != Exit.UNREACHABLE or time.monotonic() > deadline:
                raise
            time.sleep(1)
            continue
        deadline = time.monotonic() + _AWAY_SECONDS
        if note:
            note(run)
        if run["state"] in ENDS:
            return run
        time.sleep(max(_LOOK_SECONDS, _LOOK_SECONDS_PER_JOB * len(run["jobs"])))


def watch(server: Server, run_id: str, *, follow: bool) -> int:
    """Print what happens until the run has ended; the exit code that it stands for."""
    watcher = _Watcher(server, follow=follow)
    run = wait_for_end(server, run_id, watcher.note)
    watcher.finish()
    print_run(run)
    if not follow:
        _print_tails(server, run)
    return exit_code(run)


class _Watcher:
    """Prints changes of states, and with `follow` the jobs' logs side by side."""

    def __init__(self, server: Server, *, follow: bool) -> None:
        self._server = server
        self._follow = follow
        self._states: dict[str, str] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._printing = threading.Lock()
        self._has_told_of_others = False

    def note(self, run: dict[str, Any]) -> None:
        if self._note_state(run["id"], "run", run["state"]) and run["state"] == "awaiting_approval":
            self._print(f"it goes on when somebody allows it: tisktask run approve {run['id']}")
        for job in [run.get("inspection"), run["preparation"], *run["jobs"]]:
            if job is None:
                continue
            self._note_state(job["id"], job["name"], job["state"])
            if self._follow and job["state"] != "queued":
                self._follow_log(job)

    def finish(self) -> None:
        """Wait for the rest of the logs."""
        for thread in self._threads.values():
            thread.join()

    def _note_state(self, key: str, name: str, new: str) -> bool:
        """Print a state; tells whether it is a new one."""
        if self._states.get(key) == new:
            return False
        self._states[key] = new
        self._print(f"{name:<16}  {state(new)}")
        return True

    def _follow_log(self, job: dict[str, Any]) -> None:
        key = f"{job['id']}.{job['attempt']}"
        if key in self._threads:
            return
        # Each followed log is a connection: of a run with very many jobs only the first ones are.
        if len(self._threads) >= _FOLLOWED_MAX:
            if not self._has_told_of_others:
                self._has_told_of_others = True
                self._print(f"[{_FOLLOWED_MAX} logs are followed; of others: tisktask logs {job['id']}]")
            return
        self._threads[key] = threading.Thread(target=self._print_log, args=(job,), daemon=True)
        self._threads[key].start()

    def _print_log(self, job: dict[str, Any]) -> None:
        try:
            for line in follow_lines(self._server, LogOf(job["id"], job["attempt"] or None)):
                if not line["partial"]:
                    self._print(f"{job['name']:<16}| {text_of(line)}")
        except CommandError as error:
            self._print(f"{job['name']:<16}| [the log can not be followed: {error}]")

    def _print(self, text: str) -> None:
        with self._printing:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def _print_tails(server: Server, run: dict[str, Any]) -> None:
    bad = ENDS - {"succeeded", "skipped"}
    ended = [job for job in [run.get("inspection"), run["preparation"], *run["jobs"]] if job and job["state"] in bad]
    for job in ended[:_TAILS_MAX]:
        page = server.get(f"/jobs/{segment(job['id'])}/log", tail=_TAIL_LINES)
        print(f"\nlast lines of {job['name']} (all: tisktask logs {job['id']})")
        for line in page["lines"]:
            print(f"  {text_of(line)}")
