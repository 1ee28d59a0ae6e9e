"""The orchestrator's sentences about runs that people and schedules start."""

from collections.abc import Sequence
from datetime import datetime

from tisktask_common.run_inputs import NAME_CHARS_MAX

_FIELD_HELP = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, or L for the last day",
    "month": "1 to 12, or JAN to DEC",
    "day-of-week": "0 to 7, where 0 and 7 are Sunday, or SUN to SAT",
}
NEVER_DUE = "cron: there is no such day: the expression would never be due"
REPOSITORY_REMOVED = "The repository was removed."
NO_DEFAULT_BRANCH = "The repository has no default branch: it is empty, or its HEAD leads nowhere."

# --- what is wrong with a request


def wrong_field(name: str, text: str) -> str:
    return (
        f"cron: {text!r} is no {name}: expected are *, or numbers ({_FIELD_HELP[name]}), with commas, ranges (1-5) and"
        " steps (*/10)"
    )


def wrong_number_of_fields(count: int) -> str:
    return (
        f"cron: {count} {'field is' if count == 1 else 'fields are'} there, and 5 are expected: minute, hour,"
        " day-of-month, month, day-of-week; or a nickname such as @daily"
    )


def unknown_nickname(name: str, known: Sequence[str]) -> str:
    return f"cron: {name!r} is not known; there are {', '.join(known)}"


def cron_too_long(most: int) -> str:
    return f"cron: the expression is longer than {most} characters"


def unknown_zone(name: str) -> str:
    return f"time_zone: {name!r} is no time zone: a name of the IANA database is expected, such as UTC or Europe/Berlin"


def wrong_name(field: str, name: str) -> str:
    return (
        f"{field}: {name[:80]!r} can not be the name of a folder: up to {NAME_CHARS_MAX} letters, digits, '.', '_' and"
        " '-' are expected, and no '.' or '-' at its beginning"
    )


def wrong_event(event: str) -> str:
    return f"event: {event[:80]!r} can not be: lower-case letters, digits and _ are expected, as in manual or push"


def event_needs_forge(event: str) -> str:
    return f"event: a run of {event} needs what only the forge's webhook tells: push to the pull request instead"


def event_of_schedules(event: str) -> str:
    return f"event: {event} is for schedules: tisktask schedule run starts one of them now"


def wrong_ref(ref: str) -> str:
    return f"ref: {ref[:80]!r} can not be the name of a branch, a tag or a ref"


def wrong_sha(sha: str) -> str:
    return f"sha: {sha[:80]!r} is no commit id: 40 hexadecimal digits are expected, or 64"


def wrong_request_id(most: int) -> str:
    return f"request_id: 1 to {most} characters that can be shown are expected"


def too_many_waiting(most: int) -> str:
    return f"{most} wanted runs of this repository wait already: look why, at its page or with tisktask repo show"


def too_many_schedules(most: int) -> str:
    return f"the repository has {most} schedules, and no more are allowed (TISKTASK_SCHEDULES_MAX)"


def schedule_exists(name: str) -> str:
    return f"there is a schedule {name} already: change it, or remove it first"


def unknown_schedule(name: str) -> str:
    return f"there is no schedule {name[:80]} in this repository"


# --- why a wanted run has not started


def no_such_ref(ref: str) -> str:
    return f"There is no branch or tag {ref} in the repository."


def not_seen_in_time(seconds: float, last: str) -> str:
    why = f" The last try: {last}" if last else " No runner has answered: tisktask runner list shows them."
    return f"What the repository's branches stand at could not be found out within {seconds:g} s.{why}"


# --- why a schedule's time was left out


def still_waiting(due: datetime) -> str:
    return f"{_time(due)} was left out: the run before it still waited to be started."


def still_running(due: datetime, number: int) -> str:
    return f"{_time(due)} was left out: run #{number} of this schedule had not ended."


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
