"""What a key holds while a request works on it: a part of what is stored, and what the request has changed. Pure."""

from dataclasses import dataclass, field
from typing import TypeAlias

#: What an item or a field costs besides its bytes, and a key.
ITEM_BYTES = 64
KEY_BYTES = 128


@dataclass
class ListValue:
    """A list: all positions from `first` to before `end` have an item, which is known or still to be loaded."""

    first: int = 0
    end: int = 0
    content_bytes: int = 0
    stored: range = field(default_factory=lambda: range(0))
    known: dict[int, bytes] = field(default_factory=dict[int, bytes])
    #: Positions whose item is not the stored one.
    written: set[int] = field(default_factory=set[int])

    def __len__(self) -> int:
        return self.end - self.first

    def missing(self, wanted: range) -> range:
        """Narrow a range of positions to those that must be loaded."""
        low, high = max(wanted.start, self.stored.start), min(wanted.stop, self.stored.stop)
        while low < high and low in self.known:
            low += 1
        while low < high and high - 1 in self.known:
            high -= 1
        return range(low, high)

    def add_loaded(self, position: int, item: bytes) -> None:
        self.known.setdefault(position, item)

    def push(self, item: bytes, *, is_left: bool) -> None:
        if is_left:
            self.first -= 1
        else:
            self.end += 1
        self._write(self.first if is_left else self.end - 1, item)
        self.content_bytes += len(item) + ITEM_BYTES

    def pop(self, *, is_left: bool) -> bytes:
        """Take an item that is known off an end."""
        position = self.first if is_left else self.end - 1
        item = self._drop(position)
        self.content_bytes -= len(item) + ITEM_BYTES
        if is_left:
            self.first += 1
        else:
            self.end -= 1
        return item

    def replace(self, position: int, item: bytes) -> None:
        """Put an item in the place of one that is known."""
        self.content_bytes += len(item) - len(self.known[position])
        self._write(position, item)

    def keep(self, kept: range, dropped_bytes: int) -> None:
        """Shorten it to some of its positions."""
        for position in [position for position in self.known if position not in kept]:
            self._drop(position)
        self.first, self.end = kept.start, kept.stop
        self.content_bytes -= dropped_bytes

    def _write(self, position: int, item: bytes) -> None:
        self.known[position] = item
        self.written.add(position)

    def _drop(self, position: int) -> bytes:
        self.written.discard(position)
        return self.known.pop(position)


@dataclass
class HashValue:
    """A hash: of its fields those are known that the request names, or all. None, or unknown: not there."""

    size: int = 0
    content_bytes: int = 0
    known: dict[bytes, bytes | None] = field(default_factory=dict[bytes, "bytes | None"])
    #: In their order; None: not loaded.
    stored_fields: list[bytes] | None = None
    #: Stored fields that are gone, or that have gone and come again as the last.
    removed: set[bytes] = field(default_factory=set[bytes])
    #: Fields that have come, in their order.
    added: dict[bytes, None] = field(default_factory=dict[bytes, None])
    #: Stored fields that hold something else.
    written: set[bytes] = field(default_factory=set[bytes])

    def put(self, name: bytes, value: bytes) -> bool:
        """Set a field that is known; tells whether it is new."""
        old = self.known.get(name)
        self.known[name] = value
        if old is not None:
            self.content_bytes += len(value) - len(old)
            if name not in self.added:
                self.written.add(name)
            return False
        self.size += 1
        self.content_bytes += len(name) + len(value) + ITEM_BYTES
        self.added[name] = None
        return True

    def remove(self, name: bytes) -> bool:
        """Take a field that is known out; tells whether it was there."""
        old = self.known.get(name)
        if old is None:
            return False
        self.known[name] = None
        self.size -= 1
        self.content_bytes -= len(name) + len(old) + ITEM_BYTES
        if name in self.added:
            del self.added[name]
        else:
            self.written.discard(name)
            self.removed.add(name)
        return True

    def items(self) -> list[tuple[bytes, bytes]]:
        """List all fields in their order; they are all known."""
        names = [name for name in self.stored_fields or () if name not in self.removed]
        return [(name, value) for name in (*names, *self.added) if (value := self.known[name]) is not None]


Value: TypeAlias = bytes | ListValue | HashValue


@dataclass
class Entry:
    """A key that is there."""

    value: Value
    expires_ms: int | None = None
    #: It is one of the stored ones; else it takes the place of what may be stored under its key.
    is_stored: bool = False
    is_changed: bool = False
    #: How much of the run's bytes is put down to it.
    counted_bytes: int = 0

    def content_bytes(self) -> int:
        return len(self.value) if isinstance(self.value, bytes) else self.value.content_bytes

    def kind(self) -> str:
        match self.value:
            case bytes():
                return "string"
            case ListValue():
                return "list"
            case HashValue():
                return "hash"
