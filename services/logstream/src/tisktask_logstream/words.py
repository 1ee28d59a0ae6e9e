"""Every word that a user of the UI or the API reads and that is not in a template."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tisktask_common.approvals import ForkPolicy
from tisktask_common.lifecycle import RunState
from tisktask_logstream.trust import RunTrust, TrustState

NO_SEAT = "Too many live views are open. Close one, or raise TISKTASK_STREAMS_MAX."
UNAUTHORIZED = "Sign in, or send the admin token: 'Authorization: Bearer <token>'."
WRONG_TOKEN = "This is not the admin token."  # noqa: S105 - a sentence, not a secret
TOO_MANY_LOGINS = "Too many attempts. Wait a minute, then try again."
FOREIGN_ORIGIN = "This request did not come from this site's own pages (its Origin is another)."
BODY_TOO_LARGE = "The request body is larger than 1 MiB."
NOT_JSON = "The body must be a JSON object with the content type application/json."
NOT_TEXT = "it has a NUL or half of a character in it"
NO_ROUTE = "There is nothing at this address. The API is described at /api/v1/openapi.json."
WRONG_METHOD = "This address does not take that method. The API is described at /api/v1/openapi.json."
DISK_REFUSES = (
    "The disk that keeps the logs takes nothing more: it is full, read-only or failing. What runs goes on; "
    "logs come late, and nothing of them is lost. Make room, and they go on by themselves."
)
INTERNAL = "Something went wrong inside Tisktask. Its log says what."
DATABASE_AWAY = "The database does not answer at the moment. Try again shortly."
BUS_AWAY = (
    "The orchestrator, or the reporter where a forge is to be asked, does not answer at the moment. Try again shortly."
)
NOT_AT_WORK = "this attempt is over, or is not yours: it may not read the logs of its run any more"
PREPARATION = "Checkout and image"
INSPECTION = "Look at what would run"
NO_LIMIT = "no limit"
AS_SET = "default"
FOR_EVER = "for ever"
NO_SUCH_ATTEMPT = "This job has no such attempt."

STATES = {
    "staged": "Staged",
    "awaiting_approval": "Awaiting approval",
    "preparing": "Preparing",
    "queued": "Queued",
    "starting": "Starting",
    "running": "Running",
    "succeeded": "Succeeded",
    "failed": "Failed",
    "errored": "Errored",
    "cancelled": "Cancelled",
    "timed_out": "Timed out",
    "skipped": "Skipped",
}


#: What becomes of runs by those who may not write, as the settings say it.
FORK_POLICIES = {
    ForkPolicy.ASK: "ask each time",
    ForkPolicy.FIRST_TIMERS: "ask for newcomers, and when .tisktask/ is changed",
    ForkPolicy.NEVER: "never run them",
    ForkPolicy.WITHOUT_SECRETS: "run them at once, restricted",
}
FORKS_LABEL = "Runs from forks, and by people who may not write"
FORKS_HINT = (
    "Whatever is chosen, such runs are restricted: no secrets, no token, locks and images of their own. Their programs "
    "are a stranger's all the same, and run on your machines."
)
NEEDS_APPROVAL = "This run waits for approval"
NOTHING_HAS_RUN = "Nothing of it has run, and nothing was built."
NOT_KNOWN = "not known"
LOOK_CLOSELY = "Look closely"
CHANGES_PROGRAMS = "It changes .tisktask/: what would run is not what the branch has that it is for."
CHANGES_NOT_KNOWN = "Whether it changes .tisktask/ could not be found out: take it that it does."
KEEPS_PROGRAMS = (
    "It does not change .tisktask/: the programs are those of the branch that it is for. What they build and test "
    "is not."
)
RESTRICTED = "restricted"
JOBS_AFTER_APPROVAL = "They are made when the run was approved."
NO_JOB_WITHOUT_APPROVAL = "No job ran: the run was not approved."
WAITS_NO_MORE = "This run does not wait for approval any more."


#: What has become of a status at the forge.
STATUS_OUTCOMES = {
    "waiting": "Not shown by the forge yet",
    "given_up": "Not shown by the forge",
    "closed": "Not shown by the forge",
}


def no_such(kind: str, name: str) -> str:
    return f"There is no {kind} {name[:80]}."


def superseding(pull_requests: bool, branches: bool) -> str:  # noqa: FBT001 - as the page has them
    """Say where newer runs cancel older ones."""
    return ", ".join([*(["pull requests"] if pull_requests else []), *(["branches"] if branches else [])]) or "off"


def secrets(*, has_token: bool, has_webhook_secret: bool) -> str:
    """Say which secrets of a repository are kept."""
    return " and ".join([*(["token"] if has_token else []), *(["webhook"] if has_webhook_secret else [])]) or "none"


def not_of_this_run(job: str) -> str:
    return f"no job {job[:80]} in this run: JOBLIST lists those that there are"


def no_container_log(container: str, attempt: int) -> str:
    return f"attempt {attempt} of this job has no log of a container {container}"


def log_deleted(moment: datetime) -> str:
    return f"The logs of this job were deleted by retention at {moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC."


def reconciling(on: bool) -> str:  # noqa: FBT001 - as the page has it
    """Say whether lost webhooks are made up for."""
    return "on" if on else "off"


def kept(days: int | None, least: int | None, most: int | None) -> str:
    """Say how long runs are kept, as far as the repository has rules of its own."""
    said = [] if days is None else [f"{days} days" if days else FOR_EVER]
    said += [] if least is None else [f"at least {least}"]
    said += [] if most is None else [f"at most {most}" if most else NO_LIMIT]
    return ", ".join(said) or AS_SET


def bytes_missing(count: int) -> str:
    return f"[{count} bytes of the log are missing here]"


def invalid_field(where: str, field: str, problem: str) -> str:
    return f"{where} {field}: {problem}"


#: The order in which jobs are counted: what has ended first.
COUNTED = ("succeeded", "failed", "errored", "timed_out", "cancelled", "skipped", "running", "starting", "queued")
TEXT_CUT = "The rest of this text is left out: it is very long."
LEVELS = {"notice": "Notice", "warning": "Warning", "error": "Error"}


def count_of_jobs(count: int) -> str:
    return f"{count:,} job" if count == 1 else f"{count:,} jobs"


def jobs_by_state(total: int, by_state: Mapping[str, int]) -> str:
    """Say how many of the jobs are in each state: 200 jobs: 198 succeeded, 2 failed."""
    parts = [f"{by_state[state]:,} {STATES[state].lower()}" for state in COUNTED if by_state.get(state)]
    return f"{count_of_jobs(total)}: {', '.join(parts)}"


def waits_for_labels(labels: Sequence[str]) -> str:
    return f"waits for a runner with the {'label' if len(labels) == 1 else 'labels'} {', '.join(labels)}"


def result_of_children(result: str) -> str:
    return f"with the jobs that it has started: {STATES.get(result, result).lower()}"


def rerun_button(kind: str, *, is_started_by_job: bool) -> str:
    """Say what is run again: a job that another has started is run again with the one that its line began with."""
    if kind == "prepare":
        return "Re-run all jobs"
    return "Re-run with its parent" if is_started_by_job else "Re-run job"


def attempt_label(number: int, total: int | None) -> str:
    return f"Attempt {number} of {total}" if total else f"Attempt {number}"


def why_another(following: int, *, is_lost: bool, has_begun: bool) -> str:
    """Say why an attempt was followed by another."""
    follows = f"ttempt {following} follows."
    if is_lost and not has_begun:
        return f"Lost before its program began: a{follows}"
    return f"Lost: a{follows}" if is_lost else f"A{follows}"


def retry_policy(retries: int, codes: Sequence[int], *, on_lost: bool) -> str:
    """Say when a job is tried again: up to 2 more attempts, after exit code 75, or if its host is lost."""
    after = [f"after exit {'code' if len(codes) == 1 else 'codes'} {', '.join(map(str, codes))}"] if codes else []
    after += ["if its host is lost"] if on_lost else []
    more = f"Up to {retries} more {'attempt' if retries == 1 else 'attempts'}"
    return f"{more} {' or '.join(after) or 'after any failure'}."


def start_title(event: str, action: str | None, repository: str) -> str:
    return f"{event} {action} of {repository}" if action else f"{event} of {repository}"


def schedules_in_short(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") if names else "none"


def would_run(programs: int) -> str:
    return f"What would run ({count_of_jobs(programs)}):"


def more_programs(count: int) -> str:
    return f"and {count:,} more"


def what_approval_means(number: int, *, is_restricted: bool) -> str:
    """Say what a person takes upon themselves."""
    limits = " It gets no secrets and no token, and locks and images of its own." if is_restricted else ""
    return (
        f"To approve run #{number} is to let this one commit run on your machines, with the programs that it has in "
        f".tisktask/ now.{limits} A new commit asks again. Read what it changes first: scripts that the programs call, "
        "build files and tests run, too."
    )


def trust_in_short(trust: RunTrust, state: str) -> str:
    """Say what is to be said of a vetted run that does not wait; empty: nothing."""
    match trust.state:
        case TrustState.APPROVED:
            return f"{trust.why} Approved by {trust.decided_by}"
        case TrustState.DECLINED | TrustState.EXPIRED:
            return trust.why  # the run's own reason says the rest
        case TrustState.INSPECTED if state == RunState.STAGED:
            return f"{trust.why} Its programs are being looked up; nothing of it has run."
        case _:
            return trust.why if trust.is_restricted else ""


def input_without_value(line: str) -> str:
    return f"Inputs: {line[:80]!r} has no =. Write name=value, one in each line."


def input_given_twice(name: str) -> str:
    return f"Inputs: {name[:80]} is given twice."


CHILDREN_AT_WORK = "has ended; jobs that it has started have not"
OUT_OF_MEMORY = "out of memory"


def ended_by_signal(number: int) -> str:
    return f"signal {number}"


def exit_code(code: int) -> str:
    return f"exit {code}"


def no_delivery(name: str) -> str:
    return f"There is no run, trigger or delivery {name} that a run was made of."


def several_triggers(name: str) -> str:
    return f"Several repositories have had a delivery {name}: give the id of its run."
