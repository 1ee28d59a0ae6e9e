"""Prints what retention would delete."""

from typing import Any

from tisktask_cli.output import print_table

_HEADINGS = ["repository", "rules", "too old", "too many", "of these needed", "kept"]
#: What runs are kept for, in the order of the rules.
_KEPT = {
    "at_work": "at work",
    "young": "not old yet",
    "newest": "among the newest",
    "newest_of_branch": "newest of a branch",
    "shown_in_another": "shown in a re-run",
}
_NEEDED = {
    "states_not_read": "the reporter has not read their states, or does not answer",
    "states_not_delivered": "the forge does not show their states",
    "log_not_complete": "a log is not stored to its end",
    "logs_not_known": "logstream does not answer",
}
NOT_COUNTED = (
    "Not counted: statuses, streams, and the images and mirrors of runner hosts. They go by rules of their own."
)


def print_retention(report: dict[str, Any]) -> None:
    """Print a line for each repository, then logs and triggers."""
    print_table(_HEADINGS, [_row(one) for one in report["repositories"]], "no repositories")
    if left_out := report["left_out"]:
        print(f"and {left_out} more repositories: ask for one with --repository")
    print(f"Triggers older than {report['keep_trigger_days']} days without a run: {report['old_triggers']} go.")
    _print_logs(report["logs"])
    print(NOT_COUNTED)


def _row(one: dict[str, Any]) -> list[str]:
    name = f"{one['full_name']} (removed)" if one["is_removed"] else one["full_name"]
    needed = [f"{count}: {_NEEDED.get(why, why)}" for why, count in one["needed"].items()]
    if one["not_asked"]:
        needed.append(f"{one['not_asked']}: not asked")
    kept = [f"{one['kept'][why]} {words}" for why, words in _KEPT.items() if one["kept"].get(why)]
    return [name, _rules(one), str(one["old"]), str(one["too_many"]), "; ".join(needed) or "-", ", ".join(kept) or "-"]


def _rules(one: dict[str, Any]) -> str:
    days = f"{one['keep_days']} days" if one["keep_days"] else "for ever"
    most = f", {one['keep_max']} at most" if one["keep_max"] else ""
    return f"{days}, {one['keep_min']} at least{most}"


def _print_logs(logs: dict[str, Any]) -> None:
    kept = f"{logs['keep_days']} days" if logs["keep_days"] else "as long as their runs"
    limit = f", {_megabytes(logs['bytes_max'])} at most" if logs["bytes_max"] else ""
    print(f"Logs are kept {kept}{limit}; they take {_megabytes(logs['stored_bytes'])}.", end=" ")
    print(
        f"Those of {logs['old_jobs']} jobs go by age ({_megabytes(logs['old_bytes'])}),"
        f" {_megabytes(logs['bytes_above_max'])} more for room."
    )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
