"""Every word that the reporter shows: descriptions of statuses, and why one could not be delivered."""

import signal
import unicodedata

from tisktask_common.events import JobConcluded, JobEvent, JobFinished, JobProgress, JobQueued, RunFinished
from tisktask_common.lifecycle import JobState, RunState

#: GitHub answers 422 to more. The limit is in characters.
DESCRIPTION_CHARACTERS_MAX = 140
ERROR_CHARACTERS_MAX = 500

# One sentence for both: a change of the description alone would cost a request per job and say little.
IN_PROGRESS = "queued or running"
WAITS_FOR_APPROVAL = "waits for approval"
_WAITS_FOR_CHILDREN = "; waits for the jobs that it has started"
_CHILDREN_ENDED = "; the jobs that it has started have ended"

NO_FORGE = "this repository's forge takes no statuses"
NO_TOKEN = "the repository has no token: add one with `tisktask repo add URL --token-file FILE`"  # noqa: S105 - no secret
REPOSITORY_REMOVED = "the repository was removed"
OPEN_PULLS = "its open pull requests"
PULL_REQUEST = "a pull request of it"
PERMISSIONS = "who may write to it"
WEBHOOKS = "its webhooks and their deliveries"
ACCOUNT_PAUSES = "waits: the forge limits the rate of requests or can not be reached"
TOO_MANY_REDIRECTS = "the forge redirects in a circle: check the repository's api-url"
TOKEN_REFUSED_BEFORE = "the forge has refused this token before: set a new one with `tisktask repo add`"  # noqa: S105


def describe_run_end(event: RunFinished) -> str:
    took = duration(event.duration_seconds)
    match event.state:
        case RunState.SKIPPED:
            text = _with_reason("skipped", event.reason or "no job for this event")
        case RunState.CANCELLED:
            text = _with_reason(f"cancelled after {took}", event.reason)
        case RunState.TIMED_OUT:
            text = _with_reason(f"timed out after {took}", event.reason)
        case RunState.SUCCEEDED | RunState.FAILED:
            text = _count_jobs(event, took)
        case _:
            text = _with_reason(f"could not be completed, ended after {took}", event.reason)
    return fit(text, DESCRIPTION_CHARACTERS_MAX)


def describe_refusal(event: RunFinished) -> str:
    return fit(_with_reason("not run", event.reason.removeprefix("Not run: ")), DESCRIPTION_CHARACTERS_MAX)


def _count_jobs(event: RunFinished, took: str) -> str:
    skipped = event.jobs_by_state.get(JobState.SKIPPED, 0)
    total = sum(event.jobs_by_state.values()) - skipped
    if not total:
        verdict = "passed in" if event.state is RunState.SUCCEEDED else "failed after"
        return _with_reason(f"{verdict} {took}", event.reason)
    passed = event.jobs_by_state.get(JobState.SUCCEEDED, 0)
    text = f"{passed} of {total} {'job' if total == 1 else 'jobs'} passed in {took}"
    return f"{text}, {skipped} skipped" if skipped else text


def describe_job_at_work(event: JobEvent) -> str:
    """Show what a job says about itself, or why it waits once more."""
    text = _said_at_work(event).strip() or IN_PROGRESS
    return fit(f"{event.title}: {text}" if event.title.strip() else text, DESCRIPTION_CHARACTERS_MAX)


def _said_at_work(event: JobEvent) -> str:
    match event:
        case JobProgress():
            return event.status_text
        case JobQueued():
            # It is a sentence, and becomes a description like all others.
            return f"{event.reason[:1].lower()}{event.reason[1:].removesuffix('.')}"
        case _:
            return ""


def describe_job_end(event: JobFinished) -> str:
    """Tell how a job has ended; and, if its result is open still, what for."""
    if event.is_concluded:
        return fit(_job_end(event), DESCRIPTION_CHARACTERS_MAX)
    return fit(_job_end(event), DESCRIPTION_CHARACTERS_MAX - len(_WAITS_FOR_CHILDREN)) + _WAITS_FOR_CHILDREN


def _job_end(event: JobFinished) -> str:
    after = "" if event.duration_seconds is None else f" after {duration(event.duration_seconds)}"
    match event.job_state:
        case JobState.SUCCEEDED:
            text = "passed" + after.replace(" after ", " in ")
        case JobState.FAILED:
            text = _describe_failure(event, after)
        case JobState.CANCELLED:
            text = _with_reason("cancelled" + (after or " before it began"), event.reason)
        case JobState.TIMED_OUT:
            text = _with_reason("timed out" + after, event.reason)
        case JobState.SKIPPED:
            text = _with_reason("skipped", event.reason)
        case _:
            text = _with_reason("could not be run to its end" + after, event.reason)
    return text


_JOB_VERDICTS = {
    JobState.SUCCEEDED: "passed",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
    JobState.TIMED_OUT: "timed out",
    JobState.SKIPPED: "skipped",
}


def describe_job_conclusion(event: JobConcluded) -> str:
    """Tell what a job has come to together with those that it has started, and whose doing it is."""
    own = _JOB_VERDICTS.get(event.job_state, "could not be run to its end")
    if event.result is event.job_state:
        text = _with_reason(own, event.reason)
        return fit(text, DESCRIPTION_CHARACTERS_MAX - len(_CHILDREN_ENDED)) + _CHILDREN_ENDED
    reason = event.reason.strip().removesuffix(".")
    # It is a sentence, and becomes the second half of ours.
    theirs = _JOB_VERDICTS.get(event.result, "could not be run to their end")
    doing = f"{reason[:1].lower()}{reason[1:]}" or f"jobs that it has started: {theirs}"
    return fit(f"{own}; {doing}", DESCRIPTION_CHARACTERS_MAX)


def _describe_failure(event: JobFinished, after: str) -> str:
    if event.out_of_memory:
        return f"ran out of memory{after}"
    if event.signal is not None:
        return f"ended by signal {event.signal}{_signal_name(event.signal)}{after}"
    if event.exit_code is not None:
        return f"failed with exit code {event.exit_code}{after}"
    return _with_reason(f"failed{after}", event.reason)


def _signal_name(number: int) -> str:
    known = {item.value: item.name for item in signal.Signals}
    return f" ({known[number]})" if number in known else ""


def _with_reason(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason.strip() else text


def duration(seconds: float) -> str:
    """Write a time span as people do.

    >>> duration(2.14), duration(41.3), duration(185), duration(3840)
    ('2.1 s', '41 s', '3 min 5 s', '1 h 4 min')
    """
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def fit(text: str, characters_max: int) -> str:
    """Make one line of any text: control characters become spaces, too long an end becomes a dot-dot-dot."""
    line = " ".join("".join(" " if is_control(one) else one for one in text).split())
    return line if len(line) <= characters_max else line[: characters_max - 1].rstrip() + "…"


def is_control(character: str) -> bool:
    # Cc: controls; Cf: invisible, such as changes of direction; Cs: halves of pairs; Zl, Zp: line ends.
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _said(message: str) -> str:
    return f": {message}" if message else ""


def token_refused(message: str) -> str:
    return f"the forge refuses the token (401{_said(message)}): set a new one with `tisktask repo add`"


def not_permitted(message: str, wanted: str) -> str:
    hint = f"; the forge wants {wanted}" if wanted else ""
    return f"the token may not set statuses (403{_said(message)}{hint})"


def not_found(message: str) -> str:
    return (
        f"the forge knows no such repository or commit (404{_said(message)}): was it renamed or deleted, or does the "
        "token lack the right to see it?"
    )


def not_accepted(status: int, message: str) -> str:
    return f"the forge does not accept the status ({status}{_said(message)})"


def not_an_api(status: int) -> str:
    return f"the answer {status} is not that of a forge's API: check the repository's api-url"


def redirected_elsewhere(host: str) -> str:
    return f"the forge redirects to {host}: the token is not sent there; correct the repository's api-url"


def too_many_faults(status: int, faults: int, message: str) -> str:
    return (
        f"the forge answered {status} {faults} times{_said(message)}; Gitea does so for a commit that it does not know"
    )


def away_too_long(seconds: float, reason: str) -> str:
    return f"the forge could not be reached for {duration(seconds)}: {reason}"


def failed_alone(faults: int, reason: str) -> str:
    return f"given up after {faults} tries, while other statuses got through: {reason}"


def no_answer(reason: str) -> str:
    return f"no answer: {reason}"


def limited(status: int, seconds: float) -> str:
    return f"the forge limits the rate of requests ({status}): the account pauses for {duration(seconds)}"


def unavailable(status: int, message: str) -> str:
    return f"the forge is not available ({status}{_said(message)})"


def fault(status: int, message: str) -> str:
    return f"the forge failed ({status}{_said(message)})"


def may_not_ask(what: str, status: int, message: str) -> str:
    return (
        f"the forge does not let the token see {what} ({status}{_said(message)}): give it the right to, "
        "or do without what depends on it"
    )


def unreadable_answer(what: str) -> str:
    return f"the forge's answer about {what} can not be read: check the repository's api-url"


def no_login(text: str) -> str:
    return f"{fit(text, 60)!r} is no name that somebody can have at a forge"


def no_hook_of_ours() -> str:
    return (
        "no webhook of the repository itself leads to this Tisktask (those of its organisation are not seen), so "
        "nothing can be sent again: make one, or correct TISKTASK_WEBHOOK_URL of the reporter"
    )


def unknown_forge(forge: str) -> str:
    return f"no way is known to speak to a forge of the kind {forge}"


def invalid_api_url() -> str:
    return "the repository's api-url is not an http(s) address: correct it with `tisktask repo add --api-url`"
