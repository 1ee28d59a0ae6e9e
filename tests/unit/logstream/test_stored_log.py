"""A log on disk: the same bytes and the same index, however its chunks are cut, repeated, reordered or torn."""

import os
import resource
import tempfile
from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logstream_chunks import START_US, make_chunk, make_chunks, recut
from tisktask_common.log_chunk import LogChunk
from tisktask_logstream.archive.reading import ANSWER_BYTES_MAX, Line, read_lines
from tisktask_logstream.archive.records import LINE_BYTES_MAX, RECORD_BYTES
from tisktask_logstream.archive.stored_log import Outcome, StoredLog

#: Segments of a log: texts with few and many breaks, some longer than a record holds.
SEGMENTS = st.lists(
    st.tuples(
        st.one_of(
            st.binary(max_size=12),
            st.lists(st.sampled_from([b"\n", b"a", b"\xff\n", b"word "]), max_size=8).map(b"".join),
            st.sampled_from([b"x" * (LINE_BYTES_MAX - 1), b"y" * LINE_BYTES_MAX, b"z\n" + b"w" * (2 * LINE_BYTES_MAX)]),
        ),
        st.integers(1, 3),
    ),
    max_size=12,
)


def make_log(segments: list[tuple[bytes, int]]) -> LogChunk:
    times = array("q", range(START_US, START_US + len(segments)))
    lengths = array("I", [len(text) for text, _ in segments])
    data = b"".join(text for text, _ in segments)
    return LogChunk(0, data, times, bytearray(stream for _, stream in segments), lengths, is_last=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run_1" / "job_1.1.log"


@pytest.fixture
def stored(path: Path) -> Iterator[StoredLog]:
    log = StoredLog.open(path, create=True)
    yield log
    log.close()


def files_of(path: Path) -> tuple[bytes, bytes]:
    return path.read_bytes(), path.with_suffix(".index").read_bytes()


def store_whole(folder: Path, log: LogChunk) -> tuple[bytes, bytes]:
    path = folder / "run" / "whole.1.log"
    stored = StoredLog.open(path, create=True)
    assert stored.append(log) is Outcome.STORED
    stored.close()
    return files_of(path)


def lines_of(stored: StoredLog) -> list[Line]:
    lines: list[Line] = []
    while more := read_lines(stored.files, stored.extent, len(lines) + 1, 1000):
        lines += more
    return lines


def deliver(stored: StoredLog, chunks: list[LogChunk]) -> None:
    """Deliver chunks again and again, like the bus does with what was not acknowledged."""
    waiting = list(chunks)
    while waiting:
        left = [chunk for chunk in waiting if stored.append(chunk) is Outcome.AHEAD]
        assert len(left) < len(waiting), "nothing fits"
        waiting = left


@settings(deadline=None, max_examples=60)
@given(SEGMENTS, st.data())
def test_any_cutting_repetition_and_order_stores_the_same_bytes_and_index(
    segments: list[tuple[bytes, int]], data: st.DataObject
) -> None:
    log = make_log(segments)
    size = len(log.data)
    cuts = sorted({0, size, *data.draw(st.lists(st.integers(0, size), max_size=8))})
    pieces = [recut(log, start, end) for start, end in pairwise(cuts)] or [log]
    ranges = data.draw(st.lists(st.tuples(st.integers(0, size), st.integers(0, size)), max_size=5))
    pieces += [recut(log, min(pair), max(pair)) for pair in ranges]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run" / "job.1.log"
        stored = StoredLog.open(path, create=True)
        deliver(stored, data.draw(st.permutations(pieces)))
        stored.close()
        assert stored.extent.is_complete
        assert files_of(path) == store_whole(Path(folder), log)


@settings(deadline=None, max_examples=60)
@given(SEGMENTS, st.data())
def test_a_log_torn_by_a_crash_is_the_same_after_the_chunks_came_again(
    segments: list[tuple[bytes, int]], data: st.DataObject
) -> None:
    log = make_log(segments)
    with tempfile.TemporaryDirectory() as folder:
        whole = store_whole(Path(folder), log)
        path = Path(folder) / "run" / "job.1.log"
        for file, content in zip((path, path.with_suffix(".index")), whole, strict=True):
            # What the disk had of it when the power went, perhaps with a block of the index that was never written.
            file.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        index = path.with_suffix(".index")
        # A disk writes blocks, and a record never crosses the edge of one.
        hole = data.draw(st.integers(0, index.stat().st_size // RECORD_BYTES)) * RECORD_BYTES
        if data.draw(st.booleans()):
            index.write_bytes(index.read_bytes()[:hole] + bytes(index.stat().st_size - hole))
        stored = StoredLog.open(path, create=False)
        assert log.data.startswith(path.read_bytes())
        deliver(stored, [log])
        stored.close()
        assert files_of(path) == whole


def test_lines_have_numbers_times_streams_and_texts(stored: StoredLog) -> None:
    stored.append(make_chunk(0, b"one\ntwo\n", stream=1))
    stored.append(make_chunk(8, b"three", stream=2))
    lines = lines_of(stored)
    assert [(line.number, line.text, int(line.stream), line.is_partial) for line in lines] == [
        (1, b"one", 1, False),
        (2, b"two", 1, False),
        (3, b"three", 2, True),
    ]
    assert [line.time_us for line in lines] == [START_US, START_US + 1000, START_US]


def test_a_partial_line_grows_and_becomes_whole(stored: StoredLog) -> None:
    stored.append(make_chunk(0, b"run"))
    assert (stored.extent.lines, stored.extent.whole_lines) == (1, 0)
    stored.append(make_chunk(3, b"ning\n"))
    assert (stored.extent.lines, stored.extent.whole_lines) == (1, 1)
    assert lines_of(stored)[0].text == b"running"


def test_the_last_line_of_a_complete_log_is_whole_without_a_break(stored: StoredLog) -> None:
    stored.append(make_chunk(0, b"bye", is_last=True))
    assert stored.extent.whole_lines == 1
    assert not lines_of(stored)[0].is_partial


def test_a_line_of_5_mib_becomes_bounded_records(stored: StoredLog) -> None:
    text = os.urandom(5 * 1024 * 1024).replace(b"\n", b"x")
    for chunk in make_chunks(text + b"\nnext\n", 200_000):
        stored.append(chunk)
    lines = lines_of(stored)
    assert max(len(line.text) for line in lines) == LINE_BYTES_MAX
    assert b"".join(line.text for line in lines[:-1]) == text
    assert [line.is_continued for line in lines[:3]] == [False, True, True]
    assert (lines[-1].text, lines[-1].is_continued) == (b"next", False)


def test_an_answer_is_bounded_by_bytes_but_never_empty(stored: StoredLog) -> None:
    stored.append(make_chunk(0, (b"x" * 50_000 + b"\n") * 40))
    assert sum(len(line.text) for line in read_lines(stored.files, stored.extent, 1, 1000)) <= ANSWER_BYTES_MAX
    assert len(read_lines(stored.files, stored.extent, 3, 1)) == 1
    assert read_lines(stored.files, stored.extent, 41, 10) == []


def test_missing_bytes_become_a_line_of_their_own_that_survives_opening_again(stored: StoredLog, path: Path) -> None:
    stored.append(make_chunk(0, b"before "))
    assert stored.append(make_chunk(107, b"after\n")) is Outcome.AHEAD
    stored.add_gap(100)
    assert stored.append(make_chunk(107, b"after\n", is_last=True)) is Outcome.STORED
    again = StoredLog.open(path, create=False)
    try:
        assert again.extent == stored.extent
        assert [(line.text, line.missing_bytes) for line in lines_of(again)] == [
            (b"before ", 0),
            (b"", 100),
            (b"after", 0),
        ]
        assert again.extent.end == 113
    finally:
        again.close()
    assert path.read_bytes() == b"before after\n"


def test_a_gap_at_the_very_beginning_and_offsets_behind_it(stored: StoredLog, path: Path) -> None:
    stored.add_gap(5000)
    stored.append(make_chunk(5000, b"a\nb"))
    again = StoredLog.open(path, create=False)
    try:
        assert again.append(make_chunk(5003, b"c\n")) is Outcome.STORED
        assert [line.text for line in lines_of(again)] == [b"", b"a", b"bc"]
    finally:
        again.close()


def test_nothing_is_added_after_the_end(stored: StoredLog) -> None:
    stored.append(make_chunk(0, b"all\n", is_last=True))
    assert stored.append(make_chunk(4, b"more\n")) is Outcome.KNOWN
    assert stored.extent.stored_bytes == 4


def test_a_disk_that_refuses_leaves_the_log_as_it_was(stored: StoredLog, path: Path) -> None:
    stored.append(make_chunk(0, b"x" * 99 + b"\n"))
    before, limits = files_of(path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (150, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            stored.append(make_chunk(100, b"y" * 99 + b"\n"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files_of(path) == before
    assert stored.append(make_chunk(100, b"y" * 99 + b"\n")) is Outcome.STORED


def test_what_could_not_be_made_durable_is_rolled_back(stored: StoredLog, path: Path) -> None:
    stored.append(make_chunk(0, b"one\n"))
    stored.sync()
    stored.append(make_chunk(4, b"two\n"))
    stored.roll_back()
    assert path.read_bytes() == b"one\n"
    assert stored.append(make_chunk(4, b"two\n")) is Outcome.STORED


def test_hostile_values_in_a_chunk_do_no_harm(stored: StoredLog) -> None:
    chunk = LogChunk(0, b"a\nb\n", array("q", [-(2**63), 2**63 - 1]), bytearray([0, 255]), array("I", [2, 2]))
    assert stored.append(chunk) is Outcome.STORED
    assert [int(line.stream) for line in lines_of(stored)] == [1, 1]
