"""Opening a log: finds how far it came, and mends what a crash has torn. The bytes of the log are never given up."""

from array import array
from dataclasses import dataclass

import structlog

from tisktask_logstream.archive.extent import Extent, Gap
from tisktask_logstream.archive.files import LogFiles
from tisktask_logstream.archive.records import (
    END,
    GAP,
    LINE_BYTES_MAX,
    OFFSET_MASK,
    TRUNCATED,
    Edge,
    cut_lines,
    guess_records,
)

log = structlog.get_logger()

_BLOCK_RECORDS = 65_536
_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Survey:
    """What an opened log holds. The records in `guessed` have times that only a redelivered chunk can set right."""

    extent: Extent
    guessed: range = range(0)


def survey(files: LogFiles) -> Survey:
    """Read how far a log came; drop records of bytes that are not there, make those that are missing."""
    stored_bytes, records = files.sizes()
    records, gaps = _scan(files, records)
    records = _drop_overhanging(files, records, stored_bytes)
    gaps = [gap for gap in gaps if gap.number <= records]
    last = files.read_records(records - 1, 1) if records else array("Q")
    if last and last[0] & END:
        end = Extent(records - 1, stored_bytes, Edge(), tuple(gaps), is_complete=True)
        found = Survey(_with_truncation(end, last[0]))
    else:
        found = _index_rest(files, Extent(records, stored_bytes, Edge(), tuple(gaps)), last)
    if files.sizes() != (stored_bytes, found.extent.records) or files.is_torn():
        files.truncate(stored_bytes, found.extent.records)
    if found.guessed:
        files.sync()
        log.warning("log_index_repaired", records=len(found.guessed), bytes=stored_bytes)
    return found


def _with_truncation(extent: Extent, word: int) -> Extent:
    if not word & TRUNCATED:
        return extent
    return Extent(extent.lines, extent.stored_bytes, extent.edge, extent.gaps, is_complete=True, is_truncated=True)


def _scan(files: LogFiles, records: int) -> tuple[int, list[Gap]]:
    """Find the gaps, and a hole that a crash left in the index: there is no record whose first word is zero."""
    gaps: list[Gap] = []
    for first in range(0, records, _BLOCK_RECORDS):
        block = files.read_records(first, min(_BLOCK_RECORDS, records - first))
        words = block[0::2]
        hole = words.index(0) if 0 in words else len(words)
        if max(words[:hole], default=0) >= GAP:
            gaps += [Gap(first + i + 1, block[2 * i + 1]) for i in range(hole) if words[i] & GAP]
        if hole < len(words):
            return first + hole, gaps
    return records, gaps


def _drop_overhanging(files: LogFiles, records: int, stored_bytes: int) -> int:
    while records:
        word = files.read_records(records - 1, 1)[0]
        position = word & OFFSET_MASK
        if position < stored_bytes or (word & (GAP | END) and position == stored_bytes):
            break
        records -= 1
    return records


def _index_rest(files: LogFiles, extent: Extent, last: "array[int]") -> Survey:
    """Cut the log again from its last record on: makes what the index lacks, and finds the edge."""
    position, time_us, edge = 0, 0, Edge()
    if last:
        position = last[0] & OFFSET_MASK
        if not last[0] & GAP:
            edge, time_us = Edge(room=LINE_BYTES_MAX), last[1]
    lines = extent.lines
    while position < extent.stored_bytes:
        block = files.read_log(position, min(_BLOCK_BYTES, extent.stored_bytes - position))
        cut = cut_lines(block, edge)
        files.write_records(guess_records(cut, position, time_us), lines)
        lines += len(cut.starts)
        position += len(block)
        edge = cut.edge
    return Survey(Extent(lines, extent.stored_bytes, edge, extent.gaps), range(extent.lines, lines))
