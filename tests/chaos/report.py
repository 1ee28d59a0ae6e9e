"""The table that a person reads at the end, and what the stack has said about what went wrong."""

import json
import os
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from chaos.check import errored
from chaos.evidence import Evidence
from chaos.load import Load
from chaos.schedule import Part
from chaos.victims import Striker

#: Where the stack's log is to be kept if something was lost. Read here: tests have no such settings.
_LOG_PLACE = os.environ.get("TISKTASK_CHAOS_LOG")
_SHOWN_MAX = 40
_TRAIL_LINES_MAX = 60
_ID = re.compile(r"(?:run|job)_[a-z0-9]{20,}")


@dataclass(frozen=True)
class Verdict:
    """What a campaign has shown."""

    seed: int
    seconds: float
    load: Load
    striker: Striker
    evidence: Evidence
    starts: Counter[tuple[str, int]]
    violations: list[str]

    def table(self) -> str:
        kills, pauses = self.striker.kills, self.striker.pauses
        lines = ["", f"chaos for {self.seconds:.0f} s, TISKTASK_CHAOS_SEED={self.seed}", ""]
        lines += [f"  {'part':20} {'kills':>6} {'pauses':>7}"]
        lines += [f"  {part:20} {kills[part]:6} {pauses[part]:7}" for part in Part]
        lines += [f"  {'all':20} {kills.total():6} {pauses.total():7}", ""]
        lines += [f"  {what:38} {number:9,}" for what, number in self._figures().items()]
        lines += ["", *(f"  VIOLATION {one}" for one in self.violations[:_SHOWN_MAX])]
        return "\n".join(lines + self._trail())

    def _trail(self) -> list[str]:
        """List all blows and what was logged about the runs and jobs of violations: the stack's files will be gone."""
        ids = set(_ID.findall(" ".join(self.violations)))
        if not self.violations:
            return []
        if _LOG_PLACE:
            shutil.copyfile(self.load.project.stack.log_path, _LOG_PLACE)
        said = [json.dumps(line) for line in self.load.project.stack.log_lines() if ids & set(map(str, line.values()))]
        hits = [f"{datetime.fromtimestamp(one.at, UTC):%H:%M:%S} {one.blow}" for one in self.striker.struck]
        return ["", *hits, "", *said[:_TRAIL_LINES_MAX]]

    def _figures(self) -> dict[str, int]:
        evidence, pushes = self.evidence, self.load.pushes
        states = Counter(job.state for job in evidence.jobs if job.kind == "program")
        return {
            "deliveries": len(pushes),
            "  sent (with repetitions)": self.load.tries,
            "  accepted more than once": sum(one.accepted > 1 for one in pushes),
            "runs": len(evidence.runs),
            "  run again": sum(run.rerun_of is not None for run in evidence.runs),
            "jobs": sum(job.kind == "program" for job in evidence.jobs),
            **{f"  {state}": number for state, number in sorted(states.items())},
            "  carried over": sum(job.carried_from is not None and job.kind == "program" for job in evidence.jobs),
            "attempts": len(evidence.attempts),
            "  after others": sum(one.attempt > 1 for one in evidence.attempts),
            "  lost before they began": sum(one.state == "errored" and not one.has_begun for one in evidence.attempts),
            "starts of programs": self.starts.total(),
            "containers beside jobs": len(evidence.container_logs),
            "lines of logs": sum(log.count(b"\n") for log in evidence.logs.values()),
            "given up: host silent past its lease": len(errored(evidence)),
            "blows that found nothing to hit": len(self.striker.missed),
            "violations": len(self.violations),
        }
