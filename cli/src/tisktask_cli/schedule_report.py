"""A schedule, printed for people."""

from datetime import datetime
from typing import Any

from tisktask_cli.output import printable


def print_schedule(schedule: dict[str, Any]) -> None:
    """Print a schedule with when it is due, and what became of it last."""
    print(printable(f"{schedule['name']}  {schedule['cron']}  {schedule['time_zone']}"))
    print(printable(f"  of       {schedule['ref'] or 'default branch'}"))
    print(f"  next     {next_of(schedule)}")
    print(printable(f"  last     {last_of(schedule)}"))
    if schedule["skipped"]:
        print(printable(f"  skipped  {schedule['skipped']}"))
    print(f"  overlap  {schedule['overlap']}")
    for name, value in schedule["inputs"].items():
        print(printable(f"  input    {name}={value}"))


def next_of(schedule: dict[str, Any]) -> str:
    """Say when a schedule is due next."""
    if schedule["is_paused"]:
        return "paused"
    return _time(schedule["next_at"]) if schedule["next_at"] else "never"


def last_of(schedule: dict[str, Any]) -> str:
    """Say what became of a schedule's last start."""
    if schedule["last_run_id"]:
        return f"#{schedule['last_run_number']} {schedule['last_run_state']} ({schedule['last_run_id']})"
    if schedule["last_start_state"]:
        reason = schedule["last_start_reason"]
        return schedule["last_start_state"] + (f": {reason}" if reason else "")
    return "not yet"


def _time(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M UTC}"
