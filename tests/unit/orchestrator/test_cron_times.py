"""When cron expressions are due: against a model that goes through every minute, also where clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from tisktask_common.errors import UserError
from tisktask_orchestrator.starting.cron_times import CronTimes, read_cron, read_zone
from tisktask_orchestrator.starting.firing import newest_due

#: Changes by one hour, at midnight, by two hours, a whole day left out, none; on both sides of the equator.
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Asia/Kolkata",
    "UTC",
]
EXPRESSIONS = [
    "* * * * *",
    "*/7 * * * *",
    "30 * * * *",
    "0 */2 * * *",
    "* 2 * * *",
    "30 2 * * *",
    "0,30 2 * * *",
    "15 1-3 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "10 0,12 * * MON-FRI",
    "45 1 29-31 * *",
    "0 3 1 * SUN",
]


def changes_of(zone: ZoneInfo) -> list[datetime]:
    """The hours of some years after which the zone's clock is changed."""
    changes: list[datetime] = []
    for year in (2011, 2018, 2024, 2025):
        begin, days = datetime(year, 1, 1, tzinfo=UTC), [timedelta(days=n) for n in range(367)]
        for day in (begin + n for n in days):
            if offset(day, zone) != offset(day + timedelta(days=1), zone):
                hours = (day + timedelta(hours=n) for n in range(24))
                changes += [hour for hour in hours if offset(hour, zone) != offset(hour + timedelta(hours=1), zone)]
    return changes


def offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


CHANGES = {name: changes_of(ZoneInfo(name)) or [datetime(2024, 5, 5, tzinfo=UTC)] for name in ZONES}


def model(expression: str, zone: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """All due times after `begin` up to `end`: by trying each minute of the wall's clock, or of time itself."""
    minute, hour, *_ = expression.split()
    if minute.startswith("*") or hour.startswith("*"):
        moments = (begin.replace(second=0, microsecond=0) + timedelta(minutes=n) for n in range(_minutes(begin, end)))
        due = {moment for moment in moments if matches(expression, moment.astimezone(zone).replace(tzinfo=None))}
    else:
        first = begin.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None) - timedelta(hours=30)
        walls = (first + timedelta(minutes=n) for n in range(_minutes(begin, end) + 60 * 60))
        due = {shown_at(wall, zone) for wall in walls if matches(expression, wall)}
    return sorted(moment for moment in due if begin < moment <= end)


def matches(expression: str, wall: datetime) -> bool:
    fields = CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC))
    return (
        wall.minute in fields.minutes
        and wall.hour in fields.hours
        and wall.month in fields.months
        and fields.match_day(wall.date())
    )


def shown_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """When a clock shows this for the first time, or the first minute after it that it shows."""
    while True:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == wall:
            return moment
        wall += timedelta(minutes=1)


def _minutes(begin: datetime, end: datetime) -> int:
    return int((end - begin).total_seconds()) // 60 + 2


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_times_are_those_of_the_model_around_changes_of_the_clock(data: st.DataObject) -> None:
    name, expression = data.draw(st.sampled_from(ZONES)), data.draw(st.sampled_from(EXPRESSIONS))
    change = data.draw(st.sampled_from(CHANGES[name]))
    begin, end = change - timedelta(hours=26), change + timedelta(hours=26)
    times = CronTimes(expression, ZoneInfo(name))
    expected = model(expression, times.zone, begin, end)
    found: list[datetime] = []
    moment = begin
    while (following := times.first_after(moment)) is not None and following <= end:
        found.append(moment := following)
    assert found == expected
    now = begin + timedelta(seconds=data.draw(st.integers(0, 52 * 3600)))
    passed = [due for due in expected if due <= now]
    assert times.first_after(now) == next((due for due in expected if due > now), times.first_after(end))
    if passed:
        assert times.last_until(now) == passed[-1]
        # However many were missed, the newest of them counts, whichever was seen last.
        assert newest_due(times, data.draw(st.sampled_from(passed)), now) == passed[-1]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.from_regex(r"[0-9*/,L#A-Za-z-]{1,6}", fullmatch=True) | st.sampled_from(["*", "0", "*/5", "1-5", "MON"]),
        min_size=4,
        max_size=6,
    )
)
def test_any_text_is_an_expression_or_refused_with_a_sentence(fields: list[str]) -> None:
    try:
        times = read_cron(" ".join(fields), "UTC")
    except UserError as error:
        assert error.message.startswith("cron: ")
    else:
        assert times.first_after(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("60 * * * *", "'60' is no minute"),
        ("* 24 * * *", "'24' is no hour"),
        ("* * 0 * *", "'0' is no day-of-month"),
        ("* * * FOO *", "'FOO' is no month"),
        ("* * * * 8", "'8' is no day-of-week"),
        ("*/0 * * * *", "'*/0' is no minute"),
        ("5-1 * * * *", "'5-1' is no minute"),
        ("* * * *", "4 fields are there, and 5 are expected"),
        ("0 0 * * * *", "6 fields are there"),
        ("", "0 fields"),
        ("0 0 30 2 *", "no such day"),
        ("@reboot", "'@reboot' is not known; there are @hourly, @daily"),
        ("0 0 * * " + ",".join("1" * 60), "longer than 100"),
    ],
)
def test_what_is_wrong_is_named(text: str, field: str) -> None:
    with pytest.raises(UserError, match="cron: ") as raised:
        read_cron(text, "UTC")
    assert field in raised.value.message


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "Europe", "../../etc/passwd", "/etc/localtime", "Europe/Berlin/", "x" * 65, "Europe/Ber\0lin"],
)
def test_only_names_of_the_database_are_zones(name: str) -> None:
    with pytest.raises(UserError, match="time_zone: "):
        read_zone(name)


@pytest.mark.parametrize(
    ("nickname", "due"),
    [("@hourly", "2026-05-05 11:00"), ("@daily", "2026-05-06 00:00"), ("@Weekly", "2026-05-10 00:00"),
     ("@monthly", "2026-06-01 00:00"), ("@yearly", "2027-01-01 00:00"), ("@midnight", "2026-05-06 00:00")],
)  # fmt: skip
def test_nicknames_stand_for_expressions(nickname: str, due: str) -> None:
    found = read_cron(nickname, "UTC").first_after(datetime(2026, 5, 5, 10, 30, tzinfo=UTC))
    assert f"{found:%Y-%m-%d %H:%M}" == due


def test_the_skipped_hour_and_the_repeated_one_in_berlin() -> None:
    """What the documentation says."""
    nightly, often = read_cron("30 2 * * *", "Europe/Berlin"), read_cron("*/30 * * * *", "Europe/Berlin")
    spring, autumn = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert nightly.first_after(spring) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 3:00, for there is no 2:30
    first = nightly.first_after(autumn)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert nightly.first_after(first) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    assert often.first_after(datetime(2026, 10, 25, 1, 0, tzinfo=UTC)) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
