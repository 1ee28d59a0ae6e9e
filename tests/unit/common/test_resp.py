"""Replies as bytes and as JSON."""

import hiredis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.resp import NULL_ARRAY, OK, Failure, Pairs, Push, Several, Simple, encode, from_json, to_json

REPLIES = st.recursive(
    st.none()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=50)
    | st.builds(Simple, st.text(max_size=20))
    | st.builds(Failure, st.just("ERR"), st.text(max_size=20))
    | st.just(NULL_ARRAY),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.builds(Pairs, st.lists(st.tuples(st.binary(max_size=5), inner), max_size=3))
        | st.builds(Push, st.lists(inner, max_size=3))
    ),
    max_leaves=12,
)


@given(REPLIES)
def test_a_reply_survives_its_way_through_json(reply):
    assert from_json(to_json(reply)) == reply


@given(REPLIES, st.sampled_from([2, 3]))
def test_a_client_reads_exactly_one_reply(reply, protocol):
    reader = hiredis.Reader(protocolError=ValueError)
    reader.feed(encode(reply, protocol) + b":7\r\n")
    reader.gets()
    assert reader.gets() == 7


@pytest.mark.parametrize(
    ("reply", "resp2", "resp3"),
    [
        (None, b"$-1\r\n", b"_\r\n"),
        (NULL_ARRAY, b"*-1\r\n", b"_\r\n"),
        (OK, b"+OK\r\n", b"+OK\r\n"),
        (b"", b"$0\r\n\r\n", b"$0\r\n\r\n"),
        (1.5, b"$3\r\n1.5\r\n", b",1.5\r\n"),
        (Pairs([(b"a", 1)]), b"*2\r\n$1\r\na\r\n:1\r\n", b"%1\r\n$1\r\na\r\n:1\r\n"),
        (Push([b"a"]), b"*1\r\n$1\r\na\r\n", b">1\r\n$1\r\na\r\n"),
        (Several([1, 2]), b":1\r\n:2\r\n", b":1\r\n:2\r\n"),
        (Several([]), b"", b""),
        (Failure("NOTFOUND", "no\r\nsuch\nthing"), b"-NOTFOUND no such thing\r\n", b"-NOTFOUND no such thing\r\n"),
    ],
)
def test_each_protocol_has_its_form(reply, resp2, resp3):
    assert (encode(reply, 2), encode(reply, 3)) == (resp2, resp3)
