"""Reading conmon's log file and plain ones: every cutting of the file gives the program's bytes."""

import time
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from tisktask_common.log_chunk import SEGMENTS_MAX, LogStream
from tisktask_runner.log import k8s_file, raw_file
from tisktask_runner.log.segments import BLOCK_BYTES, Segments

SECOND = 1_700_725_452
STAMP = b"2023-11-23T07:44:12"

texts = st.binary(max_size=60).map(lambda text: text.replace(b"\n", b"\x00"))
records = st.tuples(
    st.integers(0, 3_000_000).map(lambda millionth: b"%s.%09d+00:00" % (STAMP, millionth)),
    st.sampled_from([b"stdout", b"stderr"]),
    st.sampled_from([b"F", b"P"]),
    texts,
)


def write(record: tuple[bytes, bytes, bytes, bytes]) -> bytes:
    return b"%s %s %s %s\n" % record


def written(record: tuple[bytes, bytes, bytes, bytes]) -> bytes:
    return record[3] + (b"\n" if record[2] == b"F" else b"")


def check(segments: Segments) -> None:
    assert sum(segments.lengths) == len(segments.data)
    assert len(segments.lengths) == len(segments.times_us) == len(segments.streams)
    assert all(segments.lengths)


@given(st.lists(records, max_size=30), st.lists(st.integers(1, 200), min_size=1, max_size=10))
@settings(max_examples=300, deadline=None)
def test_any_cutting_of_the_file_gives_the_bytes_of_the_program(
    wanted: list[tuple[bytes, bytes, bytes, bytes]], steps: list[int]
) -> None:
    file = b"".join(map(write, wanted))
    place, end, data, streams, step = 0, 0, b"", b"", 0
    while end < len(file):
        end = min(len(file), end + steps[step % len(steps)])
        step += 1
        segments = k8s_file.parse(file[place:end], is_end=end == len(file))
        check(segments)
        place += segments.consumed
        data += segments.data
        streams += b"".join(bytes([s]) * n for s, n in zip(segments.streams, segments.lengths, strict=True))
    assert place == len(file)
    assert data == b"".join(map(written, wanted))
    names = {b"stdout": LogStream.STDOUT, b"stderr": LogStream.STDERR}
    assert streams == b"".join(bytes([names[record[1]]]) * len(written(record)) for record in wanted)


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_whatever_the_file_holds_nothing_raises_and_all_of_it_is_read(block: bytes) -> None:
    segments = k8s_file.parse(block, is_end=True)
    check(segments)
    assert segments.consumed == len(block)


def test_times_are_kept_to_the_millisecond_and_in_any_zone() -> None:
    file = b"2023-11-23T07:44:12.123456789+00:00 stdout F a\n2023-11-23T08:44:12.123999999+01:00 stdout F b\n"
    segments = k8s_file.parse(file)
    assert list(segments.times_us) == [SECOND * 1_000_000 + 123_000] * 2
    assert datetime.fromtimestamp(SECOND, UTC).isoformat() == "2023-11-23T07:44:12+00:00"


def test_lines_of_one_millisecond_and_stream_are_one_segment() -> None:
    line = b"2023-11-23T07:44:12.%s+00:00 %s F x\n"
    parts = [(b"100000001", b"stdout"), (b"100000002", b"stdout"), (b"100000003", b"stderr"), (b"102000000", b"stderr")]
    segments = k8s_file.parse(b"".join(line % part for part in parts))
    assert list(segments.lengths) == [4, 2, 2]
    assert list(segments.streams) == [LogStream.STDOUT, LogStream.STDERR, LogStream.STDERR]


def test_bytes_that_are_no_text_pass_through() -> None:
    text = b"\x00\xff\r\x1b[31m \xc3\x28 stdout F "
    assert k8s_file.parse(b"2023-11-23T07:44:12.1+00:00 stdout F " + text + b"\n").data == text + b"\n"


def test_a_record_that_was_torn_by_the_death_of_its_writer_is_kept() -> None:
    file = b"2023-11-23T07:44:12.100000000+00:00 stdout F whole\n2023-11-23T07:44:12.100000000+00:00 stdout F to"
    assert k8s_file.parse(file).data == b"whole\n"
    assert k8s_file.parse(file, is_end=True).data == b"whole\nto"


def test_a_line_that_is_no_record_is_kept() -> None:
    file = b"2023-11-23T07:44:12.100000000+00:00 stderr F a\n???\n2023-11-23T07:44:12.100000000+00:00 stderr F b\n"
    segments = k8s_file.parse(file)
    assert segments.data == b"a\n???\nb\n"
    assert list(segments.lengths) == [8]


def test_a_block_without_any_line_feed_does_not_stop_the_log() -> None:
    assert k8s_file.parse(b"x" * BLOCK_BYTES).consumed == BLOCK_BYTES
    assert k8s_file.parse(b"x" * (BLOCK_BYTES - 1)).consumed == 0


def test_a_block_of_the_shortest_records_has_no_more_segments_than_a_chunk_may_have() -> None:
    block = b"".join(b"2023-11-23T07:44:12.%09dZ stdout F \n" % (n * 1_000_000) for n in range(BLOCK_BYTES // 36))
    segments = k8s_file.parse(block[:BLOCK_BYTES])
    assert len(segments.lengths) < SEGMENTS_MAX


def test_output_is_cut_to_a_length_with_its_segments() -> None:
    for length in range(7):
        segments = Segments()
        for data in (b"ab", b"cd", b"ef"):
            segments.append(1, LogStream.STDOUT, data)
        segments.cut(length)
        check(segments)
        assert segments.data == b"abcdef"[:length]


@given(st.binary(max_size=200))
def test_a_plain_file_is_taken_as_it_is(block: bytes) -> None:
    segments = raw_file.parse(block, LogStream.SYSTEM, 5)
    check(segments)
    assert segments.data == block


def test_two_hundred_thousand_lines_are_read_without_a_match_for_each() -> None:
    """No figure is asserted beyond the gross: a fall back to work per line would take many times as long."""
    line = b"2023-11-23T07:44:12.%09d+00:00 stdout F " + b"x" * 99 + b"\n"
    file = b"".join(line % (n // 80 * 1000) for n in range(200_000))
    began, place = time.process_time(), 0
    while place < len(file):
        place += k8s_file.parse(file[place : place + BLOCK_BYTES]).consumed
    assert time.process_time() - began < 5
