"""Numbers as Redis reads and writes them. Pure."""

import re
from fractions import Fraction

from tisktask_orchestrator.rundata.failures import CommandError, not_a_float, not_an_integer

INTEGER_MAX = 2**63 - 1
INTEGER_MIN = -(2**63)
_INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}")
_FLOAT = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE]([+-]?[0-9]{1,6}))?")
_HEXADECIMAL = re.compile(rb"([+-]?)0[xX](?=[0-9a-fA-F.])([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?[0-9]{1,6}))?")
_INFINITE = re.compile(rb"[+-]?inf(inity)?", re.IGNORECASE)
_FLOAT_CHARS_MAX = 5000
#: Of an x87 `long double`, which Redis calculates with.
_MANTISSA_BITS = 64
_EXPONENT_MAX = 4932
_DECIMALS = 17


def parse_integer(text: bytes, failure: CommandError | None = None) -> int:
    """Read a signed number of 64 bits: no plus sign, no leading zeros, no blanks."""
    if _INTEGER.fullmatch(text) and INTEGER_MIN <= (value := int(text)) <= INTEGER_MAX:
        return value
    raise failure or not_an_integer()


def add(value: int, increment: int) -> int:
    result = value + increment
    if not INTEGER_MIN <= result <= INTEGER_MAX:
        raise CommandError("increment or decrement would overflow")
    return result


def parse_float(text: bytes, failure: CommandError | None = None) -> Fraction | None:
    """Read a number as C's `strtold` does, to what a `long double` holds; None: an infinity."""
    if len(text) >= _FLOAT_CHARS_MAX:
        raise failure or not_a_float()
    if _INFINITE.fullmatch(text):
        return None
    match = _FLOAT.fullmatch(text)
    if match and abs(int(match[3] or 0)) <= _EXPONENT_MAX:
        return rounded(Fraction(text.decode()))
    match = _HEXADECIMAL.fullmatch(text)
    if match and (match[2] or match[3]) and abs(int(match[4] or 0)) <= _EXPONENT_MAX:
        return rounded(_from_hexadecimal(match))
    raise failure or not_a_float()


def _from_hexadecimal(match: "re.Match[bytes]") -> Fraction:
    sign, whole, part, exponent = match.groups()
    part = part or b""
    value = Fraction(int(whole + part, 16), 16 ** len(part)) * Fraction(2) ** int(exponent or 0)
    return -value if sign == b"-" else value


def rounded(value: Fraction) -> Fraction:
    """Round to what a `long double` can hold."""
    if value == 0:
        return value
    bits = abs(value.numerator).bit_length() - value.denominator.bit_length()
    scale = Fraction(2) ** (_MANTISSA_BITS - 1 - bits)
    if abs(value) * scale < 2 ** (_MANTISSA_BITS - 1):
        scale *= 2
    return round(value * scale) / scale


def format_float(value: Fraction) -> bytes:
    """Write as `%.17Lf` does, without zeros at the end."""
    digits = f"{abs(round(value * 10**_DECIMALS)):0{_DECIMALS + 1}d}"
    text = f"{digits[:-_DECIMALS]}.{digits[-_DECIMALS:]}".rstrip("0").rstrip(".")
    return (f"-{text}" if value < 0 and text != "0" else text).encode()
