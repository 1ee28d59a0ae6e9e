"""The jobs of a run as a tree that stays readable: of many children the failed are seen, the others are folded away."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tisktask_common.lifecycle import JobState
from tisktask_logstream.rows import JobRecord

#: A parent with more children than this has them folded.
CHILDREN_SHOWN_MAX = 10
#: The programs that the run began with are its heart: many of them are shown.
ROOTS_SHOWN_MAX = 100
FAILED_SHOWN_MAX = 10
#: Of one page, or of one opened fold.
ROWS_MAX = 300
FOLD_PAGE = 200
_DEPTH_MAX = 16
_FAILED = {JobState.FAILED, JobState.ERRORED, JobState.TIMED_OUT}


@dataclass(frozen=True)
class Fold:
    """Children that are not shown until somebody asks; `parent` is empty for the run's own programs."""

    parent: str
    after: int
    hidden: int
    total: int
    by_state: dict[JobState, int]
    #: Changes with anything that would be seen in it.
    stamp: str


@dataclass(frozen=True)
class Node:
    """A job with those of its children that are shown."""

    job: JobRecord
    children: list["Node"] = field(default_factory=list["Node"])
    fold: Fold | None = None
    has_children: bool = False


@dataclass(frozen=True)
class Level:
    """The jobs below one parent."""

    nodes: list[Node]
    fold: Fold | None


class JobTree:
    """Built anew from a run's jobs, in the order of their creation."""

    def __init__(self, jobs: Sequence[JobRecord]) -> None:
        known = {job.id for job in jobs}
        self._children: defaultdict[str, list[JobRecord]] = defaultdict(list)
        self._failed: set[str] = set()
        self._stamps: defaultdict[str, int] = defaultdict(int)
        # Children were made after their parents: from the last to the first, each knows all that is below it.
        for job in reversed(jobs):
            parent = job.parent_job_id if job.parent_job_id in known else None
            if job.state in _FAILED and not job.may_fail:
                self._failed.add(job.id)
            stamp = zlib.crc32(job.model_dump_json(exclude={"summary"}).encode(), self._stamps[job.id])
            self._children[parent or ""].append(job)
            self._stamps[parent or ""] = zlib.crc32(stamp.to_bytes(4, "big"), self._stamps[parent or ""])
            if parent and job.id in self._failed:
                self._failed.add(parent)
        for siblings in self._children.values():
            siblings.reverse()
        self._rows_left = ROWS_MAX

    def top(self) -> Level:
        """Show the run's own programs and what is below them."""
        return self._level("", ROOTS_SHOWN_MAX, 0)

    def unfold(self, parent: str, after: int) -> Level:
        """Show what a fold hides, from its `after`th on."""
        _, hidden = self._split(parent, CHILDREN_SHOWN_MAX if parent else ROOTS_SHOWN_MAX)
        page = hidden[after : after + FOLD_PAGE]
        rest = len(hidden) - after - len(page)
        self._rows_left = max(ROWS_MAX, len(page))
        return Level(self._nodes(page, 1), self._fold(parent, after + len(page), rest) if rest > 0 else None)

    def _level(self, parent: str, shown_max: int, depth: int) -> Level:
        shown, hidden = self._split(parent, shown_max)
        nodes = self._nodes(shown, depth)
        return Level(nodes, self._fold(parent, 0, len(hidden)) if hidden else None)

    def _nodes(self, jobs: list[JobRecord], depth: int) -> list[Node]:
        self._rows_left -= len(jobs)
        return [self._node(job, depth) for job in jobs]

    def _node(self, job: JobRecord, depth: int) -> Node:
        children = self._children.get(job.id)
        if not children or depth >= _DEPTH_MAX:
            return Node(job)
        is_full = self._rows_left < min(len(children), CHILDREN_SHOWN_MAX)
        level = Level([], self._fold(job.id, 0, len(children))) if is_full else self._level_below(job.id, depth)
        return Node(job, level.nodes, level.fold, has_children=True)

    def _level_below(self, parent: str, depth: int) -> Level:
        return self._level(parent, CHILDREN_SHOWN_MAX, depth + 1)

    def _split(self, parent: str, shown_max: int) -> tuple[list[JobRecord], list[JobRecord]]:
        children = self._children.get(parent, [])
        if len(children) <= shown_max:
            return children, []
        shown = [job for job in children if job.id in self._failed][:FAILED_SHOWN_MAX]
        seen = {job.id for job in shown}
        return shown, [job for job in children if job.id not in seen]

    def _fold(self, parent: str, after: int, hidden: int) -> Fold:
        children = self._children[parent]
        return Fold(
            parent,
            after,
            hidden,
            len(children),
            dict(Counter(job.state for job in children)),
            f"{self._stamps[parent]:x}",
        )
