"""Every sentence of the orchestrator that a user reads."""

from collections.abc import Sequence

from tisktask_common.trigger_events import folders_of

_NAMES_SHOWN = 10
_ENDED = {"failed": "failed", "errored": "could not be carried out", "timed_out": "took too long"}

# --- why a run or a job ended


def all_filtered(jobs: int) -> str:
    jobs_said = "Its job" if jobs == 1 else f"Each of its {jobs} jobs"
    return f"{jobs_said} has paths=... in its header comment, and no such file has changed."


def no_programs(event: str, action: str | None) -> str:
    wanted = folders_of(event, action)
    folders = ([f".tisktask/{event}/"] if wanted.is_direct else []) + [
        f".tisktask/{event}/{name}/" for name in wanted.of_action
    ]
    return f"There is no executable file in {' or '.join(folders)} at this commit."


def programs_differ(expected: str, found: str) -> str:
    return (
        f".tisktask/ is not what was approved: {expected} was expected, {found or 'nothing'} was found. "
        "Nothing was executed."
    )


def can_not_restrict(runner: str) -> str:
    return f"the runner {runner} is too old for runs of forks and of those who may not write: bring it to this version"


def too_many_programs(count: int, most: int) -> str:
    return f"There are {count} programs for this event; a run may have {most}."


def unusable_name(name: str, most: int) -> str:
    return f"A program's name can not be used: over {most} characters, or some of them can not be shown: {name!r}"


def jobs_ended(names: Sequence[str], guilty: int, count: int, state: str) -> str:
    """Say which jobs decided the run, as in `2 of 5 jobs failed: lint, test`."""
    verb = _ENDED.get(state, "were cancelled" if guilty > 1 else "was cancelled")
    return f"{guilty} of {count} {'job' if count == 1 else 'jobs'} {verb}: {_listed(names, guilty)}."


def children_ended(names: Sequence[str], state: str) -> str:
    """Say why a job comes to a worse result than its own end."""
    verb = _ENDED.get(state, "were cancelled" if len(names) > 1 else "was cancelled")
    more = " and more" if len(names) > _NAMES_SHOWN else ""
    jobs = "Jobs" if len(names) > 1 else "A job"
    return f"{jobs} that it has started {verb}: {', '.join(names[:_NAMES_SHOWN])}{more}."


def run_ended_by_job(name: str, state: str, reason: str) -> str:
    return f"The job {name} has {state} the run" + (f": {_as_sentence(reason)}" if reason else ".")


def cancelled_by_job(name: str) -> str:
    return f"Cancelled by the job {name}."


def cancelled_with(name: str, reason: str) -> str:
    return f"Cancelled with the job {name}" + (f": {_as_sentence(reason)}" if reason else ".")


def cancelled_by(actor: str) -> str:
    return f"Cancelled by {actor}." if actor else "Cancelled."


def superseded_by(number: int) -> str:
    return f"Superseded by run #{number}."


def job_took_too_long(seconds: float) -> str:
    return f"The job took longer than {_duration(seconds)}, its limit."


def run_took_too_long(seconds: float) -> str:
    return f"The run took longer than {_duration(seconds)}, its limit."


def tried_again(end: str, attempt: int, attempts: int, seconds: float) -> str:
    return f"Attempt {attempt} of {attempts} {end}; the next follows after a pause of {seconds:g} s."


def attempt_end(exit_code: int | None, *, is_lost: bool, out_of_memory: bool) -> str:
    """Say how an attempt has ended that is followed by another."""
    if is_lost:
        return "was lost"
    if out_of_memory:
        return "ran out of memory"
    return "failed" if exit_code is None else f"failed with exit code {exit_code}"


def header_timeout_too_long(paths: Sequence[str], seconds: float) -> str:
    return (
        f"The header comments of some programs ask for a longer timeout than jobs may have ({_duration(seconds)}): "
        f"{_listed(paths, len(paths))}. Give a shorter one, or raise TISKTASK_JOB_SECONDS_MAX."
    )


def host_lost(runner: str) -> str:
    return f"The runner {runner} has gone silent."


def host_lost_before_begin(runner: str, attempts: int) -> str:
    times = "once" if attempts == 1 else f"{attempts} times"
    return f"The job was lost {times} before its program began, last because the runner {runner} went silent."


def host_lost_after_begin(runner: str) -> str:
    return (
        f"The runner {runner} went silent while the program ran. "
        "It is not started again by itself, because it may have had effects already."
    )


def stop_ignored(reason: str, runner: str) -> str:
    return f"{reason} The runner {runner} did not say that it stopped the job.".strip()


def nothing_prepared(runner: str) -> str:
    return f"The runner {runner} said that the preparation succeeded, but not what it found."


# --- why a runner's request was not granted


def unknown_job(job: str) -> str:
    return f"there is no job {job}"


def unknown_run(run: str) -> str:
    return f"there is no run {run}"


def not_to_be_claimed(job: str, attempt: int) -> str:
    return (
        f"attempt {attempt} of {job} is not to be claimed: it was claimed by another host, has ended, was overtaken, "
        "asks for labels that this host does not have, or its repository has as many jobs at work as it may"
    )


def unusable_labels(count_max: int, form: str) -> str:
    return f"a runner has {count_max} labels at most, each of {form}"


def to_be_stopped(job: str) -> str:
    return f"{job} is to be stopped"


def overtaken(job: str, attempt: int) -> str:
    return f"attempt {attempt} of {job} is no longer this runner's"


def not_a_final_state(state: str) -> str:
    return f"a job can not be reported as ended in the state {state}"


def not_this_runner(caller: str, runner: str) -> str:
    return f"{caller} may not speak for the runner {runner}"


def no_authority(job: str, attempt: int) -> str:
    return f"attempt {attempt} of {job} may ask for nothing: it has ended, or it is no longer this runner's"


def already_ended(what: str, state: str) -> str:
    return f"{what} has ended already: {state}"


def being_stopped(what: str) -> str:
    return f"{what} is being stopped already"


# --- what is wrong with a request


NOT_PAUSED = "it was not paused"


def unknown_runner(runner: str, replica: str) -> str:
    return f"runner {runner}{f' has no replica {replica}' if replica else ' is not known'}"


def host_is_paused(runner: str) -> str:
    return f"all of {runner} is paused: resume it without naming a replica"


def unknown_repository(repository: str) -> str:
    return f"there is no repository {repository}"


def not_renamed(full_name: str) -> str:
    return f"not renamed to {full_name}: it was renamed or removed meanwhile, or there is one of that name already"


def wrong_forge(forge: str, known: Sequence[str]) -> str:
    return f"forge: {forge!r} is not known; it is one of {', '.join(known)}"


def wrong_full_name(full_name: str) -> str:
    return f"full_name: {full_name[:200]!r} is not of the form owner/name (letters, digits, dot, dash, underscore)"


def local_not_allowed() -> str:
    return (
        "forge: repositories in local folders are not allowed here (TISKTASK_ALLOW_LOCAL_REPOSITORIES=true allows them)"
    )


def path_not_absolute() -> str:
    return "clone_url: a local repository is given by its absolute path"


def out_of_range(field: str, least: int, most: int) -> str:
    return f"{field}: a number from {least} to {most} is expected"


def wrong_url(field: str) -> str:
    return f"{field}: an http:// or https:// address is expected"


def url_with_credentials(field: str) -> str:
    return f"{field}: no user name or password in the address: give the token as a secret"


def too_long(field: str, most: int) -> str:
    return f"{field}: at most {most} characters are allowed"


def unreadable_secret(field: str) -> str:
    return f"{field}: it was not sealed for this server's public key"


def wrong_secret_length(field: str, most: int) -> str:
    return f"{field}: a secret has 1 to {most} characters"


def wrong_public_key() -> str:
    return "public_key: a base64 X25519 key of 32 bytes is expected"


def wrong_trigger(field: str) -> str:
    return f"the trigger's {field} can not be used"


# --- what is wrong with the installation


def wrong_settings(faults: Sequence[tuple[str, str]]) -> str:
    return "\n".join(f"{variable}: {fault}" for variable, fault in faults)


def wrong_master_key() -> str:
    return (
        "TISKTASK_MASTER_KEY (or the file named by TISKTASK_MASTER_KEY_FILE) must hold 32 bytes in base64 or "
        "hexadecimal: make one with `openssl rand -base64 32`"
    )


def _duration(seconds: float) -> str:
    if seconds >= 3600 and seconds % 3600 == 0:
        hours = int(seconds // 3600)
        return f"{hours} hour{'s' if hours > 1 else ''}"
    if seconds >= 60 and seconds % 60 == 0:
        minutes = int(seconds // 60)
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{seconds:g} seconds"


def _listed(names: Sequence[str], count: int) -> str:
    shown = names[:_NAMES_SHOWN]
    return ", ".join(shown) + (f" and {count - len(shown)} more" if count > len(shown) else "")


def _as_sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
