"""What an event wants the forge to show. Pure: the order of events is settled where the result is stored."""

import re
from dataclasses import replace

from tisktask_common.events import (
    AnyEvent,
    JobConcluded,
    JobEvent,
    JobFinished,
    JobProgress,
    RunApproved,
    RunCreated,
    RunEvent,
    RunFinished,
    RunHeld,
    RunPrepared,
)
from tisktask_common.lifecycle import JOB_ENDS, JobKind, JobState, RunState
from tisktask_common.trigger_events import brings_commit
from tisktask_reporter import words
from tisktask_reporter.context import job_context, run_context
from tisktask_reporter.forges.comments import comment_key
from tisktask_reporter.status import DesiredStatus, Shown, StatusKey, StatusState

#: The types of events that say something about a status. Others, also those of a newer version, do not matter here.
TYPES = frozenset(
    {
        "run.created",
        "run.held",
        "run.approved",
        "run.prepared",
        "run.started",
        "run.finished",
        "job.created",
        "job.queued",
        "job.claimed",
        "job.started",
        "job.finished",
        "job.concluded",
        "job.progress",
        "job.attempt_lost",
        "job.attempt_failed",
    }
)

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")

#: How checks end, by how runs and jobs do. For `errored` GitHub has no word.
_CONCLUSIONS = {
    "succeeded": "success",
    "failed": "failure",
    "timed_out": "timed_out",
    "errored": "failure",
    "cancelled": "cancelled",
    "skipped": "skipped",
}

_RUN_ENDS = {
    RunState.SUCCEEDED: StatusState.SUCCESS,
    RunState.FAILED: StatusState.FAILURE,
    RunState.TIMED_OUT: StatusState.FAILURE,
    RunState.ERRORED: StatusState.ERROR,
    RunState.CANCELLED: StatusState.ERROR,
    RunState.SKIPPED: StatusState.SKIPPED,
}
_JOB_ENDS = {
    JobState.SUCCEEDED: StatusState.SUCCESS,
    JobState.FAILED: StatusState.FAILURE,
    JobState.TIMED_OUT: StatusState.FAILURE,
    JobState.ERRORED: StatusState.ERROR,
    JobState.CANCELLED: StatusState.ERROR,
    JobState.SKIPPED: StatusState.SKIPPED,
}


def desired_status(event: AnyEvent, public_url: str) -> DesiredStatus | None:
    """Read from an event what is to be shown; None if it asks for nothing."""
    if not isinstance(event, RunEvent) or event.type not in TYPES:
        return None
    if event.repository.forge == "local" or not _is_commit(event.change.sha):
        return None
    if isinstance(event, JobEvent):
        if not _is_shown(event):
            return None
        context = job_context(event.change.event, event.name)
        state, description = _show_job(event)
    else:
        if _is_quiet(event):
            return None
        context = run_context(event.change.event, event.change.action)
        state, description = _show_run(event)
    return DesiredStatus(
        key=StatusKey(event.repository.id, event.change.sha, context),
        forge=event.repository.forge,
        run_id=event.run_id,
        run_number=event.number,
        revision=event.revision,
        shown=Shown(state, description, f"{public_url}/runs/{event.run_id}"),
        job_id=event.job_id if isinstance(event, JobEvent) else None,
        conclusion=_conclusion(event, state),
    )


def desired_comment(event: AnyEvent, public_url: str) -> DesiredStatus | None:
    """Read from the end of a pull request's run what its comment is to show, where there is to be one."""
    if not isinstance(event, RunFinished) or event.change.event != "pull_request" or event.change.pull_request is None:
        return None
    shown = desired_status(event, public_url)
    return shown and replace(shown, key=comment_key(event.repository.id, event.change.pull_request))


def _conclusion(event: RunEvent, state: StatusState) -> str:
    if state is StatusState.PENDING:
        return ""
    return "action_required" if _is_refused(event) else _CONCLUSIONS.get(_end(event), "failure")


def _is_refused(event: RunEvent) -> bool:
    """Tell whether nobody has allowed the run: a forge must not take that for passed, as it does with `skipped`."""
    return isinstance(event, RunFinished) and event.is_refused


def _end(event: RunEvent) -> str:
    match event:
        case JobConcluded():
            return event.result
        case JobEvent():
            return event.job_state
        case _:
            return event.state


def _is_shown(event: JobEvent) -> bool:
    if event.kind is not JobKind.PROGRAM or not event.has_status:
        return False
    # What a job has said shortly before its end is not to stand over it.
    return not (isinstance(event, JobProgress) and event.job_state in JOB_ENDS)


def _is_quiet(event: RunEvent) -> bool:
    """Tell whether a run has nothing to show (yet): of a label or a comment, unless there are programs for it.

    The forge does not wait for those, and most repositories have none.
    """
    if brings_commit(event.change.event, event.change.action):
        return False
    match event:
        case RunFinished():
            return event.state is RunState.SKIPPED and not event.jobs_by_state
        case RunPrepared():
            return not event.jobs
        case _:
            # One that waits for a person may wait for ever: the forge's own page is not to show that.
            return isinstance(event, RunCreated | RunHeld | RunApproved)


def _is_commit(sha: str) -> bool:
    return _SHA.fullmatch(sha) is not None and set(sha) != {"0"}


def _show_run(event: RunEvent) -> tuple[StatusState, str]:
    if isinstance(event, RunFinished):
        if event.is_refused:
            return StatusState.ERROR, words.describe_refusal(event)
        return _RUN_ENDS.get(event.state, StatusState.ERROR), words.describe_run_end(event)
    if event.state is RunState.AWAITING_APPROVAL:
        return StatusState.PENDING, words.WAITS_FOR_APPROVAL
    return StatusState.PENDING, words.IN_PROGRESS


def _show_job(event: JobEvent) -> tuple[StatusState, str]:
    match event:
        case JobFinished(is_concluded=True):
            return _JOB_ENDS.get(event.job_state, StatusState.ERROR), words.describe_job_end(event)
        case JobFinished():
            return StatusState.PENDING, words.describe_job_end(event)
        case JobConcluded():
            return _JOB_ENDS.get(event.result, StatusState.ERROR), words.describe_job_conclusion(event)
        case _:
            return StatusState.PENDING, words.describe_job_at_work(event)
