"""Makes the events of runs as the orchestrator sends them, for tests of the reporter."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from tisktask_common.events import (
    Change,
    JobClaimed,
    JobConcluded,
    JobCreated,
    JobEvent,
    JobFinished,
    JobProgress,
    JobQueued,
    JobStarted,
    Repository,
    RunApproved,
    RunCreated,
    RunDeleted,
    RunEvent,
    RunFinished,
    RunHeld,
    RunPrepared,
    RunStarted,
)
from tisktask_common.ids import JobId, RepositoryId, RunId, TriggerId, new_job_id, new_run_id
from tisktask_common.lifecycle import JobKind, JobState, RunState

SHA = "5f" * 20


@dataclass
class RunStory:
    """One run and its events in the order in which they happen."""

    forge: str = "github"
    full_name: str = "me/app"
    repository_id: str = "repo_1"
    sha: str = SHA
    event: str = "push"
    action: str | None = None
    number: int = 1
    pull_request: int | None = None
    run_id: RunId = field(default_factory=new_run_id)
    _revisions: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _jobs: dict[str, JobId] = field(default_factory=dict)

    def created(self, state: RunState = RunState.STAGED) -> RunCreated:
        return RunCreated(**self._run(state), trigger_id=TriggerId("trg_1"))

    def held(self, jobs: list[str]) -> RunHeld:
        return RunHeld(**self._run(RunState.AWAITING_APPROVAL), reason="Waits for approval.", jobs=jobs)

    def approved(self) -> RunApproved:
        return RunApproved(**self._run(RunState.PREPARING), approved_by="ada")

    def prepared(self, jobs: list[str]) -> RunPrepared:
        return RunPrepared(**self._run(RunState.RUNNING), jobs=jobs)

    def started(self) -> RunStarted:
        return RunStarted(**self._run(RunState.RUNNING))

    def finished(self, state: RunState, seconds: float = 41.2, **more: Any) -> RunFinished:
        return RunFinished(**self._run(state), duration_seconds=seconds, **more)

    def deleted(self) -> RunDeleted:
        return RunDeleted(**self._run(RunState.SUCCEEDED), reason="Deleted by retention.")

    def job_created(self, name: str, kind: JobKind = JobKind.PROGRAM, **more: Any) -> JobCreated:
        return JobCreated(**self._job(name, JobState.QUEUED, kind), **more)

    def job_queued(self, name: str, attempt: int = 1, reason: str = "") -> JobQueued:
        return JobQueued(**self._job(name, JobState.QUEUED, attempt=attempt), reason=reason)

    def job_claimed(self, name: str) -> JobClaimed:
        return JobClaimed(**self._job(name, JobState.STARTING), runner="local")

    def job_started(self, name: str, **more: Any) -> JobStarted:
        return JobStarted(**self._job(name, JobState.RUNNING), runner="local", **more)

    def job_says(self, name: str, text: str, state: JobState = JobState.RUNNING, **more: Any) -> JobProgress:
        return JobProgress(**self._job(name, state), status_text=text, **more)

    def job_finished(self, name: str, state: JobState, seconds: float | None = 2.1, **more: Any) -> JobFinished:
        kind = more.pop("kind", JobKind.PROGRAM)
        return JobFinished(**self._job(name, state, kind), duration_seconds=seconds, **more)

    def job_concluded(self, name: str, own: JobState, result: JobState, **more: Any) -> JobConcluded:
        return JobConcluded(**self._job(name, own), result=result, **more)

    def child(self, name: str, end: JobState, **more: Any) -> list[JobEvent]:
        """All events of a job that another has started."""
        more = {"has_status": False, "parent_job_id": new_job_id()} | more
        return [
            self.job_created(name, **more),
            self.job_started(name, **more),
            self.job_finished(name, end, **more),
        ]

    def whole(self, jobs: dict[str, JobState], end: RunState) -> list[RunEvent]:
        """All events of a run with these jobs."""
        events: list[RunEvent] = [self.created(), self.prepared(list(jobs))]
        events += [make(name) for name in jobs for make in (self.job_created, self.job_queued, self.job_claimed)]
        events += [self.job_started(name) for name in jobs]
        events += [self.started()]
        events += [self.job_finished(name, state) for name, state in jobs.items()]
        counts = {state: list(jobs.values()).count(state) for state in jobs.values()}
        return [*events, self.finished(end, jobs_by_state=counts)]

    def _run(self, state: RunState) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "number": self.number,
            "revision": next(self._revisions),
            "repository": Repository(id=RepositoryId(self.repository_id), forge=self.forge, full_name=self.full_name),
            "change": Change(
                event=self.event,
                action=self.action,
                sha=self.sha,
                ref="refs/heads/main",
                pull_request=self.pull_request,
            ),
            "state": state,
        }

    def _job(self, name: str, state: JobState, kind: JobKind = JobKind.PROGRAM, attempt: int = 1) -> dict[str, Any]:
        return {
            **self._run(RunState.RUNNING),
            "job_id": self._jobs.setdefault(name, new_job_id()),
            "name": name,
            "kind": kind,
            "job_state": state,
            "attempt": attempt,
        }
