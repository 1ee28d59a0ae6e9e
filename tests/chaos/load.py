"""The load: pushes one after the other, delivered until they are answered, some twice; and people who cancel."""

import http.client
import random
import threading
import time
import urllib.error
from dataclasses import dataclass, field
from typing import Any

from chaos.programs import RECIPES, files_of
from forge.faults import Drop, Fault, Hang
from forge.rules import Reply
from forge.webhooks import Delivery
from git_server import plain, program
from project import Project
from stack import job_named

_PUSH_SECONDS = 2.5
_LOOK_SECONDS = 0.2
_REPEATED_SHARE = 0.3
_FAULT_SHARE = 0.2
#: Of runs that fail; and of the others.
_RERUN_SHARES = (0.7, 0.08)
#: What is started by one push; each word is a program.
_MIXES = (
    "short",
    "short long",
    "chatty",
    "spawning",
    "failing short",
    "endless short",
    "endless",
    "chatty failing",
    "long spawning",
    "moody",
    "stubborn",
    "stubborn moody",
    "beside",
    "beside failing",
    "locking-1 locking-2",
)
_FAULTS: tuple[Fault, ...] = (Reply(502, {"message": "Bad Gateway"}), Drop(), Drop(after_effect=True), Hang(1.0))
#: What a server that dies meanwhile looks like from outside; an error's status is among them.
AWAY = (OSError, http.client.HTTPException)


@dataclass
class Pushed:
    """One push and what has been done about it."""

    sha: str
    names: tuple[str, ...]
    delivery: Delivery
    cancels_run: bool
    #: What of its run is run again: "failed", "all", or nothing.
    wants_rerun: str = ""
    #: Who asks for something asks twice.
    is_repeated: bool = False
    #: How often it was answered 202.
    accepted: int = 0
    is_cancelled: bool = False

    @property
    def wants_cancel(self) -> bool:
        return any(RECIPES[name].is_endless for name in self.names)


@dataclass
class Load:
    """Everything that comes from outside."""

    project: Project
    seed: int
    pushes: list[Pushed] = field(default_factory=list[Pushed])
    #: Answers that no delivery of ours should get.
    refusals: list[str] = field(default_factory=list[str])
    tries: int = 0

    def push_for(self, seconds: float) -> None:
        """Push at a steady pace; what was not answered is sent again by the way."""
        chance, began, number = random.Random(self.seed), time.monotonic(), 0
        while (now := time.monotonic() - began) < seconds:
            if now >= number * _PUSH_SECONDS:
                number += 1
                self._push(chance)
            self.deliver_again()
            time.sleep(_LOOK_SECONDS)

    def deliver_again(self) -> bool:
        """Send what was not answered yet; tells whether all is answered now."""
        for pushed in [one for one in self.pushes if not one.accepted]:
            self._deliver(pushed)
        return all(one.accepted for one in self.pushes)

    def cancel_forever(self, stop: threading.Event) -> None:
        """Stop what goes on for ever, once it runs."""
        while not stop.is_set():
            for pushed in [one for one in self.pushes if one.wants_cancel and one.accepted and not one.is_cancelled]:
                try:
                    pushed.is_cancelled = self._cancel(pushed)
                except AWAY:
                    continue
            stop.wait(_LOOK_SECONDS)

    def _push(self, chance: random.Random) -> None:
        names = tuple(chance.choice(_MIXES).split())
        files = {path: program(text) for path, text in files_of(names).items()}
        sha = self.project.commit({**files, "number": plain(str(len(self.pushes)))})
        pushed = Pushed(sha, names, self.project.delivery(sha), cancels_run=chance.random() < 0.5)
        pushed.is_repeated = chance.random() < _REPEATED_SHARE
        if not pushed.wants_cancel and chance.random() < _RERUN_SHARES["failing" not in names]:
            pushed.wants_rerun = chance.choice(("failed", "all") if "failing" in names else ("all",))
        self.pushes.append(pushed)
        self._deliver(pushed)
        if pushed.is_repeated:
            self._deliver(pushed)
        if chance.random() < _FAULT_SHARE:
            self.project.forge.faults.add(chance.choice(_FAULTS))

    def _deliver(self, pushed: Pushed) -> None:
        self.tries += 1
        try:
            status = pushed.delivery.send_now(self.project.stack.ingest_url)
        except AWAY:
            return
        if status == 202:
            pushed.accepted += 1
        elif status != 503:
            self.refusals.append(f"delivery {pushed.delivery.id} was answered {status}")

    def _cancel(self, pushed: Pushed) -> bool:
        stack = self.project.stack
        run: dict[str, Any] | None = next(iter(stack.runs(self.project.full_name, pushed.sha)), None)
        if run is None or not run["jobs"]:
            return run is not None and bool(run["finished_at"])
        job = job_named(run, "endless")
        if job["state"] in {"queued", "starting"}:
            return False
        place = f"/runs/{run['id']}" if pushed.cancels_run else f"/jobs/{job['id']}"
        try:
            stack.raw(f"{place}/cancel", "POST", {})
        except urllib.error.HTTPError as error:
            with error:
                return error.code == 409  # it has ended meanwhile
        return True
