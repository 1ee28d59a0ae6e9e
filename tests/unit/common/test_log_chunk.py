"""The wire form of log pieces: what goes in comes out, and damage is noticed."""

import os
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.log_chunk import CHUNK_BYTES_MAX, SEGMENTS_MAX, LogChunk, LogFormatError, decode, encode
from tisktask_common.subjects import MESSAGE_BYTES_MAX


@given(
    st.integers(0, 2**60),
    st.lists(st.tuples(st.binary(max_size=50), st.integers(0, 2**60), st.sampled_from([1, 2, 3])), max_size=20),
    st.booleans(),
    st.booleans(),
)
def test_what_is_encoded_comes_back(offset, segments, is_last, is_truncated):
    chunk = LogChunk(
        offset,
        b"".join(data for data, _, _ in segments),
        array("q", [time for _, time, _ in segments]),
        bytearray(stream for _, _, stream in segments),
        array("I", [len(data) for data, _, _ in segments]),
        is_last,
        is_truncated,
    )
    assert decode(encode(chunk)) == chunk


def test_the_largest_chunk_that_can_not_be_compressed_fits_a_message():
    each = CHUNK_BYTES_MAX // SEGMENTS_MAX
    chunk = LogChunk(
        0,
        os.urandom(each * SEGMENTS_MAX),
        array("q", [int.from_bytes(os.urandom(7)) for _ in range(SEGMENTS_MAX)]),
        bytearray([1]) * SEGMENTS_MAX,
        array("I", [each]) * SEGMENTS_MAX,
    )
    assert len(encode(chunk)) < MESSAGE_BYTES_MAX


@pytest.mark.parametrize("cut", [0, 5, 13, 14, 20])
def test_a_damaged_message_is_refused(cut):
    message = encode(LogChunk(7, b"hello\n", array("q", [1]), bytearray([1]), array("I", [6])))
    with pytest.raises(LogFormatError):
        decode(message[:cut])


def test_a_format_of_the_future_is_refused_by_name():
    message = b"\x09" + encode(LogChunk(0))[1:]
    with pytest.raises(LogFormatError, match="format 9"):
        decode(message)


def test_the_message_id_tells_two_cuts_of_the_same_place_apart():
    assert LogChunk(10, b"ab").message_id("job", 1) != LogChunk(10, b"abc").message_id("job", 1)
    assert LogChunk(10).message_id("job", 1) != LogChunk(10, is_last=True).message_id("job", 1)
