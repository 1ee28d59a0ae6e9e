"""People who run again what has ended: what has failed, or all of it; some ask twice by mistake."""

import json
import threading
import urllib.error
from dataclasses import dataclass, field
from uuid import uuid4

from chaos.load import AWAY, Load, Pushed

_LOOK_SECONDS = 0.5


@dataclass
class Rerun:
    """One wish to run a push's run again, and what has become of it."""

    pushed: Pushed
    request_id: str = field(default_factory=lambda: uuid4().hex)
    #: The run that had ended.
    of: str = ""
    #: The runs that the answers named: one, however often it was asked.
    made: set[str] = field(default_factory=set[str])
    is_refused: bool = False

    @property
    def is_settled(self) -> bool:
        return self.is_refused or bool(self.made)


@dataclass
class Rerunner:
    """Asks until it is answered."""

    load: Load
    reruns: dict[str, Rerun] = field(default_factory=dict[str, Rerun])

    def rerun_forever(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for pushed in [one for one in self.load.pushes if one.wants_rerun and one.accepted]:
                rerun = self.reruns.setdefault(pushed.sha, Rerun(pushed))
                if not rerun.is_settled:
                    self._try(rerun)
            stop.wait(_LOOK_SECONDS)

    def unsettled(self) -> list[str]:
        """List the pushes whose runs are still to be run again."""
        wanted = [one.sha for one in self.load.pushes if one.wants_rerun]
        return [sha for sha in wanted if sha not in self.reruns or not self.reruns[sha].is_settled]

    def _try(self, rerun: Rerun) -> None:
        stack, pushed = self.load.project.stack, rerun.pushed
        try:
            if not rerun.of:
                run = next(iter(stack.runs(self.load.project.full_name, pushed.sha)), None)
                if run is None or not run["finished_at"]:
                    return
                rerun.of = run["id"]
            body = {"failed": pushed.wants_rerun == "failed", "request_id": rerun.request_id}
            for _ in range(2 if pushed.is_repeated else 1):
                made = json.loads(stack.raw(f"/runs/{rerun.of}/rerun", "POST", body))
                rerun.made.add(made["run_id"])
        except urllib.error.HTTPError as error:
            with error:
                rerun.is_refused = error.code == 409
        except AWAY:
            return
