"""Numbers as Redis reads and writes them."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_orchestrator.rundata.failures import CommandError
from tisktask_orchestrator.rundata.numbers import add, format_float, parse_float, parse_integer, rounded


@given(st.integers(-(2**63), 2**63 - 1))
def test_what_fits_into_64_bits_is_a_number(value: int) -> None:
    assert parse_integer(str(value).encode()) == value


@pytest.mark.parametrize(
    "text", ["", "+1", "01", "-0", " 1", "1 ", "1\n", "1.0", "9223372036854775808", "\u0661", "0x1"]
)
def test_what_redis_does_not_take_for_a_number_is_none(text: str) -> None:
    with pytest.raises(CommandError, match="not an integer or out of range"):
        parse_integer(text.encode())


def test_a_sum_that_does_not_fit_is_refused() -> None:
    with pytest.raises(CommandError, match="would overflow"):
        add(2**63 - 1, 1)


@pytest.mark.parametrize(
    ("texts", "total"),
    [
        (("0.1", "0.2"), "0.3"),
        (("3.0e3", "200"), "3200"),
        (("10.5", "-5"), "5.5"),
        (("1", "-1"), "0"),
        (("0", ".5"), "0.5"),
    ],
)
def test_floats_are_added_as_long_doubles_and_written_without_zeros(texts: tuple[str, str], total: str) -> None:
    one, other = (parse_float(text.encode()) for text in texts)
    assert one is not None
    assert other is not None
    assert format_float(rounded(one + other)) == total.encode()


@given(st.fractions())
def test_rounding_keeps_64_bits(value: Fraction) -> None:
    result = rounded(value)
    assert rounded(result) == result
    assert abs(result - value) <= abs(value) / 2**63


@pytest.mark.parametrize("text", ["", "nan", "0x", "0x.", "0x1p", " 1", "1 ", "1e", ".", "1e99999", "1" * 5000])
def test_what_is_no_float_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="not a valid float"):
        parse_float(text.encode())
