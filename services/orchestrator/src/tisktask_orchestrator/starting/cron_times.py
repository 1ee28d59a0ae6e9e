"""When a cron expression is due in a time zone. Pure: raises a UserError that names what is wrong.

The rules are Debian cron's. A time that the clock skips (spring) is due when the clock goes on; one that it shows twice
(autumn) is due the first time. Where the minute or the hour begins with `*`, the clock's time is followed as it goes:
nothing in the skipped hour, twice in the repeated one.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from tisktask_common.errors import UserError
from tisktask_orchestrator.starting import words

EXPRESSION_CHARS_MAX = 100
ZONE_CHARS_MAX = 64
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = ("minute", "hour", "day-of-month", "month", "day-of-week")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
#: No clock is changed by more than this: going back in time begins so much later, for an hour that comes twice.
_CHANGE_MAX = timedelta(hours=25)


@dataclass(frozen=True)
class CronTimes:
    """The times of an expression in a zone. Made by `read_cron`, so both are known to be right."""

    expression: str
    zone: ZoneInfo

    def first_after(self, moment: datetime) -> datetime | None:
        """Find the first due time after a moment; None: there is none within fifty years."""
        return next((due for due in self._walk(moment, reverse=False) if due > moment), None)

    def last_until(self, moment: datetime) -> datetime | None:
        """Find the last due time that is not after a moment; None: there is none within fifty years."""
        return next((due for due in self._walk(moment + _CHANGE_MAX, reverse=True) if due <= moment), None)

    def _walk(self, begin: datetime, *, reverse: bool) -> "_Walk":
        return _Walk(CronSim(self.expression, begin.astimezone(self.zone), reverse=reverse))


class _Walk:
    """Due times, one after the other, in UTC."""

    def __init__(self, times: CronSim) -> None:
        self._times = times

    def __iter__(self) -> "_Walk":
        return self

    def __next__(self) -> datetime:
        return next(self._times).astimezone(UTC)


def read_cron(text: str, zone: str) -> CronTimes:
    """Read an expression of five fields, or a nickname such as @daily."""
    if len(text) > EXPRESSION_CHARS_MAX:
        raise UserError(words.cron_too_long(EXPRESSION_CHARS_MAX))
    expression = _NICKNAMES.get(text.strip().lower(), " ".join(text.split()))
    if expression.startswith("@"):
        raise UserError(words.unknown_nickname(expression, list(_NICKNAMES)))
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        raise UserError(words.wrong_number_of_fields(len(fields)))
    times = CronTimes(expression, read_zone(zone))
    _check_fields(fields)
    # From a fixed moment, so that an expression is right or wrong for good.
    if times.first_after(datetime(2024, 1, 1, tzinfo=UTC)) is None:
        raise UserError(words.NEVER_DUE)
    return times


def read_zone(name: str) -> ZoneInfo:
    """Find a time zone by its name in the IANA database."""
    if len(name) > ZONE_CHARS_MAX or not _ZONE.fullmatch(name):
        raise UserError(words.unknown_zone(name[:ZONE_CHARS_MAX]))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UserError(words.unknown_zone(name)) from error


def _check_fields(fields: list[str]) -> None:
    """Try each field by itself, so that the wrong one can be named."""
    for place, (name, field) in enumerate(zip(_FIELDS, fields, strict=True)):
        alone = ["*"] * len(_FIELDS)
        alone[place] = field
        try:
            CronSim(" ".join(alone), datetime(2024, 1, 1, tzinfo=UTC))
        except (CronSimError, AssertionError, ValueError) as error:
            raise UserError(words.wrong_field(name, field)) from error
    try:
        CronSim(" ".join(fields), datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        # Right one by one: there is no such day in any of the months.
        raise UserError(words.NEVER_DUE) from error
