"""One run of the model with its jobs: how they end, stop and are lost."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator_messages import PREPARATION, JobView, Wish
from tisktask_common.lifecycle import JobState as Job
from tisktask_common.lifecycle import RunState as Run

LOST_RETRIES = 1
JOBS_PER_RUN_MAX = 3
_WORST_FIRST = (Job.FAILED, Job.ERRORED, Job.TIMED_OUT, Job.CANCELLED)
_BEFORE_THE_END = (Job.QUEUED, Job.STARTING, Job.RUNNING)


@dataclass
class AttemptModel:
    """One attempt under a host's lease."""

    host: str
    state: Job = Job.STARTING
    has_begun: bool = False
    is_over: bool = False
    is_silent: bool = False
    is_overdue: bool = False


@dataclass
class JobModel:
    """A job in its newest attempt."""

    wish: Wish
    parent: str | None = None
    depth: int = 0
    may_fail: bool = False
    is_detached: bool = False
    state: Job = Job.QUEUED
    attempt: int = 1
    host: str | None = None
    stop: Job | None = None
    is_stop_old: bool = False
    retries_used: int = 0
    attempts: dict[int, AttemptModel] = field(default_factory=dict[int, AttemptModel])

    @property
    def name(self) -> str:
        return self.wish.name

    @property
    def is_preparation(self) -> bool:
        return self.name == PREPARATION

    @property
    def has_ended(self) -> bool:
        return self.state not in _BEFORE_THE_END

    @property
    def held(self) -> AttemptModel | None:
        held = self.attempts.get(self.attempt)
        return held if held and not held.is_over else None


@dataclass
class RunModel:
    """A run; `line` is what it is the newest commit of."""

    number: int
    line: str | None
    sha: str
    jobs: dict[str, JobModel]
    state: Run = Run.PREPARING
    stop: Run | None = None
    stop_by: object = None
    is_overdue: bool = False

    @property
    def has_ended(self) -> bool:
        return self.state not in (Run.PREPARING, Run.RUNNING)

    @property
    def preparation(self) -> JobModel:
        return self.jobs[PREPARATION]

    @property
    def programs(self) -> list[JobModel]:
        return [job for job in self.jobs.values() if not job.is_preparation]

    def below(self, parent: str, *, with_detached: bool = True) -> Iterator[JobModel]:
        """All that a job has started, and that has started."""
        for child in self.programs:
            if child.parent == parent and (with_detached or not child.is_detached):
                yield child
                yield from self.below(child.name, with_detached=with_detached)

    def result(self, job: JobModel) -> Job | None:
        """Tell what a job has come to with what it has started; None: something of it is at work."""
        attached = [child for child in self.programs if child.parent == job.name and not child.is_detached]
        results = [self.result(child) for child in attached]
        if not job.has_ended or None in results:
            return None
        return _with(job.state, [r for child, r in zip(attached, results, strict=True) if r and not child.may_fail])

    def outcome(self, root: JobModel) -> Job:
        """Tell what a discovered job has come to, for a run that repeats this one."""
        return _with(root.state, [child.state for child in self.below(root.name) if not child.may_fail])

    def go_on(self, programs: tuple[Wish, ...]) -> None:
        """Go on after a preparation that has succeeded."""
        if self.stop is not None:
            self.state = self.stop
        elif len(programs) > JOBS_PER_RUN_MAX:
            self.state = Run.FAILED
        elif not programs:
            self.state = Run.SKIPPED
        else:
            self.state = Run.RUNNING
            self.jobs |= {wish.name: JobModel(wish) for wish in programs}

    def end(self, job: JobModel, state: Job, *, attempt_state: Job | None = None) -> None:
        """End a job, and what it takes with it."""
        if held := job.held:
            held.is_over, held.state = True, attempt_state or state
        job.state = state
        if state in (Job.CANCELLED, Job.TIMED_OUT):
            self.stop_attached(job)

    def queue_again(self, job: JobModel, state: Job, *, is_retry: bool) -> None:
        if held := job.held:
            held.is_over, held.state = True, state
        job.state, job.host = Job.QUEUED, None
        job.attempt += 1
        job.retries_used += is_retry

    def is_tried_again(self, job: JobModel, state: Job, exit_code: int | None) -> bool:
        """Tell whether the program asks for another attempt after such an end."""
        wish, held = job.wish, job.held
        if job.is_preparation or job.stop or self.stop or job.retries_used >= wish.retries:
            return False
        if state is Job.ERRORED:
            return wish.on_lost and held is not None and held.has_begun
        if state is not Job.FAILED:
            return False
        return exit_code in wish.on_codes if wish.on_codes else not wish.on_lost

    def stop_all(self, state: Run, by: object = None) -> bool:
        """Order the run to stop. False: it has ended, or the order was given before."""
        if self.has_ended or self.stop is not None:
            return False
        self.stop, self.stop_by = state, by
        for job in [job for job in self.jobs.values() if not job.has_ended]:
            self._stop_alone(job, Job.TIMED_OUT if state is Run.TIMED_OUT else Job.CANCELLED)
        self.settle()
        return True

    def stop_job(self, job: JobModel, state: Job) -> None:
        if self._stop_alone(job, state):
            self.stop_attached(job)

    def stop_attached(self, job: JobModel) -> None:
        for child in list(self.below(job.name, with_detached=False)):
            if not child.has_ended:
                self._stop_alone(child, Job.CANCELLED)

    def lose(self, job: JobModel, held: AttemptModel) -> None:
        """End an attempt whose host has fallen silent."""
        has_effects = held.has_begun and not job.is_preparation
        if job.stop is not None:
            self.end(job, job.stop, attempt_state=Job.ERRORED)
        elif not has_effects and job.attempt - job.retries_used <= LOST_RETRIES:
            self.queue_again(job, Job.ERRORED, is_retry=False)
            return
        elif self.is_tried_again(job, Job.ERRORED, None):
            self.queue_again(job, Job.ERRORED, is_retry=True)
            return
        else:
            self.end(job, Job.ERRORED)
        self.settle()

    def settle(self) -> None:
        """End the run if its jobs have."""
        if self.has_ended or not self.preparation.has_ended:
            return
        if self.preparation.state is not Job.SUCCEEDED:
            self.state = Run(self.preparation.state)
        elif all(job.has_ended for job in self.programs):
            counting = [job.state for job in self.programs if not job.may_fail]
            stopped = [Job(self.stop)] if self.stop else []
            self.state = Run(worst(counting + stopped)) if self.programs else Run.SKIPPED

    def _stop_alone(self, job: JobModel, state: Job) -> bool:
        if job.state is Job.QUEUED:
            job.state = state
            return True
        if job.has_ended or job.stop is not None:
            return False
        job.stop = state
        return True


def worst(states: list[Job]) -> Job:
    return next((state for state in _WORST_FIRST if state in states), Job.SUCCEEDED)


def view_of(run: RunModel, job: JobModel) -> JobView:
    result = run.result(job)
    attempts = [(n, held.host, str(held.state), held.has_begun, held.is_over) for n, held in job.attempts.items()]
    return JobView(
        str(job.state),
        job.attempt,
        job.host,
        job.stop and str(job.stop),
        job.retries_used,
        job.may_fail,
        result and str(result),
        tuple(sorted(attempts)),
    )


def _with(own: Job, others: list[Job]) -> Job:
    found = worst(others)
    return own if found is Job.SUCCEEDED else worst([own, found])
