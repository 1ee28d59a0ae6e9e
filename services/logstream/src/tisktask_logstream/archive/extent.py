"""How far a log has come: an immutable snapshot, so that a reader sees one moment while the writer goes on."""

from dataclasses import dataclass

from tisktask_logstream.archive.records import Edge

START = Edge()


@dataclass(frozen=True)
class Gap:
    """Bytes that never came. A gap has a line number of its own."""

    number: int
    missing_bytes: int


@dataclass(frozen=True)
class Extent:
    """`lines` counts lines and gaps; `stored_bytes` is the size of the file; offsets on the bus count gaps too."""

    lines: int = 0
    stored_bytes: int = 0
    edge: Edge = START
    gaps: tuple[Gap, ...] = ()
    is_complete: bool = False
    is_truncated: bool = False

    @property
    def missing_bytes(self) -> int:
        return sum(gap.missing_bytes for gap in self.gaps)

    @property
    def end(self) -> int:
        """How many bytes the program has written, as far as is known here."""
        return self.stored_bytes + self.missing_bytes

    @property
    def whole_lines(self) -> int:
        """Lines that will not grow any more."""
        return self.lines - 1 if self.edge.room and not self.is_complete else self.lines

    @property
    def records(self) -> int:
        return self.lines + (1 if self.is_complete else 0)
