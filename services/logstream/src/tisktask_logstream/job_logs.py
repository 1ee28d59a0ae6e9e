"""Answers the programs of a run that want to read one another's logs; their runners ask over the bus."""

import asyncio
import json

from tisktask_common.errors import NotFoundError, RefusedError
from tisktask_common.job_requests import LogTail, ReadJobLog
from tisktask_common.subjects import token
from tisktask_logstream import run_view, words
from tisktask_logstream.archive.extent import Extent
from tisktask_logstream.archive.library import Library
from tisktask_logstream.archive.reading import Line, read_tail
from tisktask_logstream.store import Store

TAIL_LINES_MAX = 1000
TEXT_BYTES_MAX = 256 * 1024
#: As JSON on the bus: what is not printable takes up to six bytes there.
_ENCODED_BYTES_MAX = 400 * 1024


class JobLogs:
    """Reads the ends of logs for those who may."""

    def __init__(self, store: Store, library: Library) -> None:
        self._store = store
        self._library = library

    async def answer(self, request: ReadJobLog, caller: str) -> LogTail:
        """Give the last lines of a job of the asking job's run; raises RefusedError or NotFoundError."""
        if caller != token(f"runner-{request.runner}"):
            raise RefusedError(words.NOT_AT_WORK)
        run = await self._store.holds_attempt(request.job_id, request.attempt, request.runner)
        if run is None:
            raise RefusedError(words.NOT_AT_WORK)
        targets = await self._store.get_jobs([request.target])
        if not targets or targets[0].run_id != run:
            raise NotFoundError(words.not_of_this_run(request.target))
        name = run_view.log_name(targets[0], None)
        try:
            async with self._library.borrow(name) as opened:
                extent = opened.stored.extent
                count = max(1, min(request.tail, TAIL_LINES_MAX))
                lines = await asyncio.to_thread(read_tail, opened.stored.files, extent, count, TEXT_BYTES_MAX)
        except FileNotFoundError:
            extent, lines = Extent(), []
        return LogTail(text=_text(lines), lines_total=extent.lines, is_complete=extent.is_complete)


def _text(lines: list[Line]) -> str:
    text = ""
    for line in lines:
        if line.missing_bytes:
            text += words.bytes_missing(line.missing_bytes)
        elif line.is_continued:
            text = text.removesuffix("\n")
        text += line.text.decode(errors="replace") + ("" if line.is_partial else "\n")
    while len(json.dumps(text, ensure_ascii=False).encode()) > _ENCODED_BYTES_MAX:
        # What was said last matters most.
        text = text[len(text) // 4 :]
    return text
