"""What people see of the API's values."""

from datetime import UTC, datetime, timedelta

import pytest

from tisktask_cli.output import ago, lasted, print_table


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5, "5s ago"), (65, "1m05s ago"), (3700, "1h01m ago"), (200_000, "2d ago"), (-3, "0s ago")],
)
def test_moments_are_shown_as_distances(seconds: int, text: str) -> None:
    assert ago((datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()) == text


def test_what_has_not_happened_is_a_dash() -> None:
    assert (ago(None), lasted(None, None)) == ("-", "-")


def test_a_short_time_has_tenths() -> None:
    assert lasted("2026-01-01T00:00:00Z", "2026-01-01T00:00:01.250000Z") in {"1.2s", "1.3s"}


def test_columns_are_aligned_and_free_of_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["name", "state"], [["a", "failed"], ["long\x1b[2J name", "ok"]])
    lines = capsys.readouterr().out.splitlines()
    assert "\x1b" not in "".join(lines)
    assert [line.index(word) for line, word in zip(lines, ["STATE", "failed", "ok"], strict=True)] == [15, 15, 15]
