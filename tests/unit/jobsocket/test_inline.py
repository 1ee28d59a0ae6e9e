"""Lines that a person types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_runner.jobsocket.inline import UnbalancedQuotesError, split_inline


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        (b"", []),
        (b"  SET\ta   b ", [b"SET", b"a", b"b"]),
        (b'SET a "b c"', [b"SET", b"a", b"b c"]),
        (rb'SET a "\x41\n\"\\\q"', [b"SET", b"a", b'A\n"\\q']),
        (rb"SET a 'it\'s \n'", [b"SET", b"a", rb"it's \n"]),
        (b"SET '' \"\"", [b"SET", b"", b""]),
        (b'a"b c"', [b"ab c"]),
    ],
)
def test_a_line_is_split_as_redis_does(line, arguments):
    assert split_inline(line) == arguments


@pytest.mark.parametrize("line", [b'"a', b"'a", b'"a"b', b"'a'b", b'a"', rb'"a\"', rb"'a\'"])
def test_quotes_that_do_not_close_are_refused(line):
    with pytest.raises(UnbalancedQuotesError):
        split_inline(line)


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_anything_can_be_said_in_double_quotes(arguments):
    line = b" ".join(b'"' + b"".join(b"\\x%02x" % byte for byte in argument) + b'"' for argument in arguments)
    assert split_inline(line) == arguments
