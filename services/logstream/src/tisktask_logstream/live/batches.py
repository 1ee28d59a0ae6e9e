"""Lines of logs as ready frames. Viewers who are at the same place share one reading and one encoding."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from itertools import groupby

from tisktask_logstream.archive.extent import Extent
from tisktask_logstream.archive.files import LogFiles
from tisktask_logstream.archive.library import Library
from tisktask_logstream.archive.line_json import line_json, lines_json
from tisktask_logstream.archive.reading import Line, read_lines
from tisktask_logstream.live.sse import frame
from tisktask_logstream.log_names import LogName

#: Batches end at multiples of it, so that viewers who started apart soon ask for the same ones.
BATCH_LINES = 500
CACHE_BYTES_MAX = 32 * 1024 * 1024

_Key = tuple[LogName, int, int, int]


@dataclass(frozen=True)
class Batch:
    """Frames with the lines up to `last_whole`, and perhaps one partial line behind it."""

    frames: bytes
    last_whole: int


class Batches:
    """Reads batches; keeps the newest of all logs in bounded memory."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._kept: OrderedDict[_Key, Batch] = OrderedDict()
        self._kept_bytes = 0
        self._reading: dict[_Key, asyncio.Task[Batch]] = {}

    async def read(self, name: LogName, extent: Extent, first: int) -> Batch:
        """Read the lines from number `first` on, as `extent` has them."""
        last = min(extent.lines, first + BATCH_LINES - 1 - (first - 1) % BATCH_LINES)
        key = (name, first, last, extent.stored_bytes if last == extent.lines else 0)
        if (batch := self._kept.get(key)) is not None:
            return batch
        task = self._reading.get(key)
        if task is None:
            task = self._reading[key] = asyncio.create_task(self._read(key, extent))
            task.add_done_callback(lambda _: self._reading.pop(key))
        # Others wait for it too: that one viewer leaves must not stop it.
        return await asyncio.shield(task)

    async def _read(self, key: _Key, extent: Extent) -> Batch:
        name, first, last, _ = key
        async with self._library.borrow(name) as opened:
            batch = await asyncio.to_thread(_make_batch, opened.stored.files, extent, first, last)
        self._kept[key] = batch
        self._kept_bytes += len(batch.frames)
        while self._kept_bytes > CACHE_BYTES_MAX:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1].frames)
        return batch


def _make_batch(files: LogFiles, extent: Extent, first: int, last: int) -> Batch:
    lines = read_lines(files, extent, first, last - first + 1)
    frames: list[bytes] = []
    for is_gap, group in groupby(lines, key=lambda line: bool(line.missing_bytes)):
        if is_gap:
            frames += [frame("gap", line_json(line), line.number) for line in group]
        else:
            frames.append(_line_frame(list(group)))
    last_whole = lines[-1].number - (1 if lines[-1].is_partial else 0) if lines else first - 1
    return Batch(b"".join(frames), last_whole)


def _line_frame(lines: list[Line]) -> bytes:
    # The id is that of the last line which will not change: who resumes there gets a partial line again, grown.
    last_whole = lines[-1].number - (1 if lines[-1].is_partial else 0)
    return frame("line", f'{{"lines":{lines_json(lines)}}}', last_whole)
