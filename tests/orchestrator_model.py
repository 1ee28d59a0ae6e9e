"""The orchestrator's state machine as a person would write it down: in memory, one thing after the other, no SQL."""

from dataclasses import dataclass, field

from orchestrator_messages import (
    PREPARATION,
    REFUSED,
    Beat,
    Began,
    CancelJob,
    CancelRun,
    Claim,
    Ended,
    EndOwnRun,
    JobTimeIsUp,
    Key,
    Message,
    Orders,
    Reply,
    RerunJob,
    RerunRun,
    RunTimeIsUp,
    Silence,
    Spawn,
    StopIsOld,
    StopOwnJob,
    Sweep,
    Trigger,
    View,
    Wish,
    child_name,
)
from orchestrator_model_run import AttemptModel, JobModel, RunModel, view_of
from tisktask_common.lifecycle import JOB_ENDS
from tisktask_common.lifecycle import JobState as Job
from tisktask_common.lifecycle import RunState as Run
from tisktask_common.orders import RerunMode

SPAWN_DEPTH_MAX = 2
SPAWNED_JOBS_MAX = 5


@dataclass
class Model:
    """All runs, by the delivery or the request that made them."""

    runs: dict[str, RunModel] = field(default_factory=dict[str, RunModel])
    #: Deliveries that told a head which a run was at work on. They stay known after its end.
    told_again: set[str] = field(default_factory=set[str])

    def apply(self, message: Message) -> Reply:
        """Do what the message says; returns the answer that it must get."""
        match message:
            case Trigger():
                return self._trigger(message)
            case Claim(host, key, attempt):
                return self._claim(host, key, attempt)
            case Began(host, key, attempt):
                return self._began(host, self.job(key), attempt)
            case Ended():
                return self._ended(message)
            case Beat(host, held):
                return self._beat(host, held)
            case Spawn() | EndOwnRun() | StopOwnJob():
                return self._act_as_job(message)
            case CancelRun() | CancelJob() | RerunRun() | RerunJob():
                return self._order(message)
            case Silence() | JobTimeIsUp() | RunTimeIsUp() | StopIsOld():
                self._pass_time(message)
            case Sweep():
                self._sweep()
        return None

    def view(self) -> View:
        runs = {key: (str(run.state), run.stop and str(run.stop)) for key, run in self.runs.items()}
        return View(runs, {(key, job.name): view_of(run, job) for key, run, job in self.all_jobs()})

    def job(self, key: Key) -> JobModel:
        return self.runs[key[0]].jobs[key[1]]

    def all_jobs(self) -> list[tuple[str, RunModel, JobModel]]:
        return [(key, run, job) for key, run in self.runs.items() for job in run.jobs.values()]

    def _trigger(self, message: Trigger) -> bool:
        if message.delivery in self.told_again or self._tells_same_head(message):
            self.told_again.add(message.delivery)
            return False
        is_new = message.delivery not in self.runs
        if is_new:
            jobs = {PREPARATION: JobModel(Wish(PREPARATION))}
            self.runs[message.delivery] = RunModel(len(self.runs) + 1, message.line, message.sha, jobs)
        new = self.runs[message.delivery]
        # Of branches runs are not superseded, if nobody has asked for it.
        if not message.dies_half_way and new.line and new.line.startswith("pull_request/"):
            for old in self.runs.values():
                if old.line == new.line and old.number < new.number and old.sha != new.sha:
                    old.stop_all(Run.CANCELLED)
        return is_new

    def _tells_same_head(self, message: Trigger) -> bool:
        if message.delivery in self.runs or not message.line.startswith("pull_request/"):
            return False
        newest = [run for run in self.runs.values() if run.line == message.line][-1:]
        return any(run.sha == message.sha and run.stop is None and not run.has_ended for run in newest)

    def _claim(self, host: str, key: Key, attempt: int) -> bool:
        job = self.job(key)
        if self.runs[key[0]].stop is not None:
            return False
        if job.state is Job.QUEUED and job.attempt == attempt:
            job.state, job.host = Job.STARTING, host
            job.attempts[attempt] = AttemptModel(host)
            return True
        held = job.attempts.get(attempt)
        is_own = held is not None and held.host == host and not held.is_over
        return is_own and job.stop is None

    def _began(self, host: str, job: JobModel, attempt: int) -> bool:
        held = job.attempts.get(attempt)
        if held is None or held.host != host or held.is_over:
            return False
        held.state = job.state = Job.RUNNING
        held.has_begun = True
        return True

    def _ended(self, message: Ended) -> Reply:
        if message.state not in JOB_ENDS or message.state is Job.SKIPPED:
            return REFUSED
        run, job = self.runs[message.job[0]], self.job(message.job)
        held = job.attempts.get(message.attempt)
        if held is None or held.host != message.host:
            return False
        state = message.state if job.stop is None or message.state is Job.SUCCEEDED else job.stop
        if held.is_over:
            is_retried = job.attempt > message.attempt
            return message.state is held.state is Job.FAILED if is_retried else job.state is state
        if job.is_preparation and state is Job.SUCCEEDED and message.programs is None:
            state = Job.ERRORED
        if run.is_tried_again(job, state, message.exit_code):
            run.queue_again(job, state, is_retry=True)
            return True
        run.end(job, state)
        if job.is_preparation and state is Job.SUCCEEDED and message.programs is not None:
            run.go_on(message.programs)
        else:
            run.settle()
        return True

    def _beat(self, host: str, listed: tuple[tuple[Key, int], ...]) -> Orders:
        stop: set[tuple[Key, int, str]] = set()
        fenced: set[tuple[Key, int]] = set()
        for key, number in listed:
            job = self.job(key)
            held = job.attempts.get(number)
            if held is None or held.host != host or held.is_over:
                fenced.add((key, number))
                continue
            held.is_silent = False
            if job.stop is not None:
                stop.add((key, number, str(job.stop)))
        return Orders(frozenset(stop), frozenset(fenced))

    def _act_as_job(self, message: Spawn | EndOwnRun | StopOwnJob) -> Reply:
        run, job = self.runs[message.job[0]], self.job(message.job)
        held = job.held
        if job.is_preparation or held is None or job.attempt != message.attempt or held.host != message.host:
            return REFUSED
        match message:
            case Spawn():
                return _spawn(run, job, message)
            case EndOwnRun():
                by = (job.name, message.state)
                return run.stop_all(Run(message.state), by) or run.stop_by == by
            case StopOwnJob():
                is_sibling = message.target[0] == message.job[0] and message.target[1] != PREPARATION
                return _stop_own(run, self.job(message.target)) if is_sibling else REFUSED

    def _order(self, message: CancelRun | CancelJob | RerunRun | RerunJob) -> Reply:
        match message:
            case CancelRun(key):
                is_open = not self.runs[key].has_ended
                self.runs[key].stop_all(Run.CANCELLED)
                return is_open
            case CancelJob(key):
                run, job = self.runs[key[0]], self.job(key)
                is_open = not job.has_ended
                if is_open:
                    run.stop_job(job, Job.CANCELLED)
                    run.settle()
                return is_open
            case RerunRun(key, mode, request):
                return self._rerun(key, mode, None, request)
            case RerunJob((key, name), request):
                run = self.runs[key]
                while parent := run.jobs[name].parent:
                    name = parent
                return self._rerun(key, RerunMode.FAILED, name, request)

    def _rerun(self, older: str, mode: RerunMode, only: str | None, request: str) -> Reply:
        old = self.runs[older]
        if request in self.runs:
            return request
        if not old.has_ended:
            return REFUSED
        roots = [job for job in old.programs if job.parent is None]
        bad = [root.name for root in roots if old.outcome(root) is not Job.SUCCEEDED]
        again = bad if only is None else [only]
        is_whole = not roots or only == PREPARATION or (only is None and mode is RerunMode.ALL)
        if not is_whole and not again:
            return REFUSED
        if is_whole or old.preparation.state is not Job.SUCCEEDED:
            self.runs[request] = RunModel(len(self.runs) + 1, None, old.sha, {PREPARATION: JobModel(Wish(PREPARATION))})
            return request
        jobs = {root.name: _carry(old, root) for root in [old.preparation, *roots] if root.name not in again}
        jobs |= {root.name: JobModel(root.wish) for root in roots if root.name in again}
        self.runs[request] = RunModel(len(self.runs) + 1, None, old.sha, jobs, Run.RUNNING)
        return request

    def _pass_time(self, message: Silence | JobTimeIsUp | RunTimeIsUp | StopIsOld) -> None:
        match message:
            case Silence(host):
                for _, _, job in self.all_jobs():
                    if job.held and job.held.host == host:
                        job.held.is_silent = True
            case JobTimeIsUp(key):
                if held := self.job(key).held:
                    held.is_overdue = True
            case RunTimeIsUp(key):
                self.runs[key].is_overdue = True
            case StopIsOld(key):
                self.job(key).is_stop_old = self.job(key).stop is not None

    def _sweep(self) -> None:
        for run in self.runs.values():
            if run.is_overdue:
                run.stop_all(Run.TIMED_OUT)
        for _, run, job in self.all_jobs():
            if job.held and job.held.is_overdue and job.stop is None:
                run.stop_job(job, Job.TIMED_OUT)
        for _, run, job in self.all_jobs():
            if job.held and job.held.is_silent:
                run.lose(job, job.held)
        for _, run, job in self.all_jobs():
            if job.held and job.stop and job.is_stop_old:
                run.end(job, job.stop, attempt_state=Job.ERRORED)
                run.settle()


def _spawn(run: RunModel, parent: JobModel, message: Spawn) -> Reply:
    name = child_name(parent.name, message.key)
    if name in run.jobs:
        return name
    spawned = [job for job in run.programs if job.parent is not None]
    if run.stop or parent.stop or parent.depth >= SPAWN_DEPTH_MAX or len(spawned) >= SPAWNED_JOBS_MAX:
        return REFUSED
    may_fail = message.may_fail or (parent.may_fail and not message.is_detached)
    run.jobs[name] = JobModel(Wish(name), parent.name, parent.depth + 1, may_fail, message.is_detached)
    return name


def _stop_own(run: RunModel, target: JobModel) -> Reply:
    attached = [child for child in run.below(target.name, with_detached=False) if not child.has_ended]
    if target.has_ended and not attached:
        return target.state is Job.CANCELLED
    for one in [target, *attached]:
        one.may_fail |= not one.has_ended
    if target.has_ended:
        run.stop_attached(target)
    else:
        run.stop_job(target, Job.CANCELLED)
    run.settle()
    return True


def _carry(old: RunModel, root: JobModel) -> JobModel:
    return JobModel(root.wish, may_fail=root.may_fail, state=old.outcome(root), attempt=root.attempt)
