"""Who looks at what, and what each has not been told yet."""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Generic, TypeVar

from tisktask_logstream.live.sse import frame

ShownT = TypeVar("ShownT")

#: The parts of what is shown: a key, and the frame that puts it in its place. Called in threads, once for all viewers.
Encoder = Callable[[ShownT], list[tuple[str, bytes]]]
_WAITING_MAX = 200


class Viewer(Generic[ShownT]):
    """Somebody who looks at one thing (`subject`; of a list: the repository, or "" for all)."""

    def __init__(self, encode: Encoder[ShownT], subject: str, run_id: str = "") -> None:
        self.encode = encode
        self.subject = subject
        self.run_id = run_id
        self.news = asyncio.Event()
        self._waiting: OrderedDict[str, bytes] = OrderedDict()
        #: What has not changed is not sent again, except to those who look at a list: it would grow without end.
        self._sent: dict[str, bytes] | None = {} if run_id else None
        self._must_reload = False
        #: What it looks at is there no more: there will be nothing to tell.
        self.has_ended = False

    def tell(self, parts: list[tuple[str, bytes]]) -> None:
        """Keep the newest of each part; too much of it becomes "load again"."""
        for key, piece in parts:
            if self._sent is not None and self._sent.get(key) == piece:
                self._waiting.pop(key, None)
                continue
            self._waiting[key] = piece
        if len(self._waiting) > _WAITING_MAX:
            self.tell_reload()
        if self._waiting:
            self.news.set()

    def tell_reload(self) -> None:
        self._waiting.clear()
        self._must_reload = True
        self.news.set()

    def tell_gone(self, run_id: str) -> None:
        """Say that a run was deleted; to who looks at nothing else it is the last that is said."""
        self.has_ended = bool(self.run_id)
        self._waiting[f"gone-{run_id}"] = frame("gone", {"id": run_id})
        self.news.set()

    def take(self) -> Generator[bytes, None, None]:
        """Take out what waits, until nothing does."""
        self.news.clear()
        if self._must_reload:
            self._must_reload = False
            yield frame("reload", {})
        while self._waiting:
            key, piece = self._waiting.popitem(last=False)
            if self._sent is not None:
                self._sent[key] = piece
            yield piece


class Viewers(Generic[ShownT]):
    """All who look at things of one kind."""

    def __init__(self) -> None:
        self._by_subject: defaultdict[str, set[Viewer[ShownT]]] = defaultdict(set)
        self._by_run: defaultdict[str, set[Viewer[ShownT]]] = defaultdict(set)

    def __bool__(self) -> bool:
        return bool(self._by_subject)

    def of(self, subject: str) -> bool:
        return subject in self._by_subject

    def any_in_run(self, run_id: str) -> bool:
        return run_id in self._by_run

    def in_run(self, run_id: str) -> list[str]:
        """List what is looked at of a run."""
        return sorted({viewer.subject for viewer in self._by_run.get(run_id, ())})

    @contextmanager
    def seated(self, viewer: Viewer[ShownT]) -> Generator[None, None, None]:
        indexes = ((self._by_subject, viewer.subject), (self._by_run, viewer.run_id))
        for index, key in indexes:
            index[key].add(viewer)
        try:
            yield
        finally:
            for index, key in indexes:
                index[key].discard(viewer)
                if not index[key]:
                    del index[key]

    async def tell(self, shown: ShownT, *subjects: str) -> None:
        """Tell all who look at these; encoded once for all who see it in the same way, beside the event loop."""
        viewers = [viewer for subject in subjects for viewer in self._by_subject.get(subject, ())]
        encoded: dict[Encoder[ShownT], list[tuple[str, bytes]]] = {}
        for encode in {viewer.encode for viewer in viewers}:
            encoded[encode] = await asyncio.to_thread(encode, shown)
        for viewer in viewers:
            viewer.tell(encoded[viewer.encode])

    def tell_gone(self, run_id: str) -> None:
        """Tell who looks at the run or a job of it, and all who look at lists."""
        for viewer in [*self._by_run.get(run_id, ()), *self._by_run.get("", ())]:
            viewer.tell_gone(run_id)

    def tell_reload(self) -> None:
        for viewer in self._all():
            viewer.tell_reload()

    def _all(self) -> Iterable[Viewer[ShownT]]:
        return [viewer for viewers in self._by_subject.values() for viewer in viewers]
