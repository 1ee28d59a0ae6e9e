"""What holds after every step of the orchestrator, whatever was said to it: read from its tables, without any model."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from orchestrator_model_run import LOST_RETRIES
from orchestrator_reality import Reality
from tisktask_common.lifecycle import JOB_ENDS, JOB_MOVES, RUN_ENDS, RUN_MOVES, JobState, RunState

#: What is said about a move, by where it leads.
_RUN_MOVES_SAID = {"preparing": "run.created", "running": "run.prepared"} | dict.fromkeys(RUN_ENDS, "run.finished")
_JOB_MOVES_SAID = {"starting": "job.claimed", "running": "job.started", "queued": "job.queued"} | dict.fromkeys(
    JOB_ENDS, "job.finished"
)


@dataclass
class Promises:
    """What was seen so far of one example; a step only reads what is new."""

    reality: Reality
    #: Finals that were reached: none may ever change.
    ends: dict[str, str] = field(default_factory=dict[str, str])
    _events: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    _moves: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    _states: dict[str, str] = field(default_factory=dict[str, str])
    _last_event: int = 0
    _last_move: int = 0

    async def check(self) -> None:
        await self._read_events()
        await self._read_moves()
        await self._check_runs()
        await self._check_jobs()

    async def _read_events(self) -> None:
        cursor = await self.reality.reader.execute(
            "SELECT id, lane, subject, message_id, data FROM orchestrator.outbox WHERE id > %s ORDER BY id",
            (self._last_event,),
        )
        for row in await cursor.fetchall():
            self._last_event = row["id"]
            event = json.loads(row["data"])
            if row["subject"].startswith(("run.", "job.")):
                assert row["subject"].startswith(event["type"])
                assert row["message_id"] == event["id"]
                self._events[event["run_id"]].append(event)

    async def _read_moves(self) -> None:
        """Every move is one that the lifecycle allows, and goes on where the last one has led."""
        cursor = await self.reality.reader.execute(
            "SELECT id, run_id, job_id, from_state, to_state FROM orchestrator.history WHERE id > %s ORDER BY id",
            (self._last_move,),
        )
        for row in await cursor.fetchall():
            self._last_move = row["id"]
            who, said = row["job_id"] or row["run_id"], _JOB_MOVES_SAID if row["job_id"] else _RUN_MOVES_SAID
            before, after = row["from_state"], row["to_state"]
            assert before == self._states.get(who)
            if before is not None and row["job_id"]:
                assert JobState(after) in JOB_MOVES[JobState(before)]
            elif before is not None:
                assert RunState(after) in RUN_MOVES[RunState(before)]
            self._states[who] = after
            if after in said:
                self._moves[row["run_id"]][said[after]] += 1

    async def _check_runs(self) -> None:
        for run in await self.reality.rows("SELECT id, state, revision, finished_at FROM orchestrator.runs"):
            events = self._events[run["id"]]
            assert [event["revision"] for event in events] == list(range(1, run["revision"] + 1))
            said = Counter(event["type"] for event in events)
            for kind in {*_RUN_MOVES_SAID.values(), *_JOB_MOVES_SAID.values()} - {"run.prepared"}:
                assert said[kind] == self._moves[run["id"]][kind], kind
            assert said["run.finished"] == (run["state"] in RUN_ENDS)
            assert (run["finished_at"] is not None) == (run["state"] in RUN_ENDS)
            if run["state"] in RUN_ENDS:
                assert events[-1]["type"] == "run.finished"
                assert self.ends.setdefault(run["id"], run["state"]) == run["state"] == events[-1]["state"]

    async def _check_jobs(self) -> None:
        finished = Counter(
            event["job_id"] for events in self._events.values() for event in events if event["type"] == "job.finished"
        )
        jobs = await self.reality.rows(
            "SELECT job.id, job.state, job.attempt, job.retries, job.retries_used, job.kind, job.finished_at,"
            " job.carried_from, (SELECT count(started_at) FROM orchestrator.attempts WHERE job_id = job.id) AS begun"
            " FROM orchestrator.jobs AS job"
        )
        for job in jobs:
            has_ended = job["state"] in JOB_ENDS
            assert finished[job["id"]] == has_ended == (job["finished_at"] is not None)
            if has_ended:
                assert self.ends.setdefault(job["id"], job["state"]) == job["state"]
            assert job["retries_used"] <= job["retries"]
            assert job["attempt"] <= 1 + LOST_RETRIES + job["retries"]
            # What began has effects: it is not begun again, but for the program's own wish.
            assert job["kind"] == "prepare" or job["begun"] <= 1 + job["retries_used"]

    async def check_the_end(self) -> None:
        """Nothing is left open, and nothing is left behind."""
        await self.check()
        for table, column in (("runs", "id"), ("jobs", "id"), ("attempts", "job_id")):
            query = f"SELECT {column} FROM orchestrator.{table} WHERE finished_at IS NULL"
            assert await self.reality.rows(query) == []  # type: ignore[arg-type]
        assert await self.reality.rows("SELECT id FROM orchestrator.jobs WHERE result IS NULL") == []
