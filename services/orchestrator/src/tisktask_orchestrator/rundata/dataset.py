"""The data of a run as a request sees it: what it has loaded, what it has changed, and what there is room for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RunId
from tisktask_orchestrator.rundata import failures
from tisktask_orchestrator.rundata.room import VALUE_BYTES_MAX, Room
from tisktask_orchestrator.rundata.values import ITEM_BYTES, KEY_BYTES, Entry, HashValue, ListValue, Value
from tisktask_orchestrator.store.run_data import (
    KeyRow,
    delete_expired_data,
    list_data_fields,
    list_data_items,
    measure_data_items,
)

ValueT = TypeVar("ValueT", bytes, ListValue, HashValue)

#: How many items are loaded at once, so that what does not fit into a reply is not loaded to its end.
_ITEMS_AT_ONCE = 2000
#: Of one request: the data of the run is locked meanwhile, and others' requests wait.
_EFFORT_MAX = 300_000


@dataclass(frozen=True)
class Bounds:
    """How much a run may keep."""

    bytes_max: int
    keys_max: int


@dataclass
class Dataset:
    """Entries by key. All keys that the request's commands name are loaded before the first of them is executed."""

    connection: Connection
    run: RunId
    now_ms: int
    bounds: Bounds
    bytes_used: int
    keys_used: int
    room: Room
    entries: dict[bytes, Entry] = field(default_factory=dict[bytes, Entry])
    #: Keys that are in the database, whatever has become of them.
    stored_keys: set[bytes] = field(default_factory=set[bytes])
    #: All keys that were looked for.
    seen_keys: set[bytes] = field(default_factory=set[bytes])
    #: Lists that have got new items.
    pushed_keys: set[bytes] = field(default_factory=set[bytes])
    is_changed: bool = False
    #: How many more items, fields and keys the request's commands may go through.
    effort_left: int = _EFFORT_MAX
    _has_purged: bool = False

    def add_loaded(self, row: KeyRow) -> None:
        """Add a stored key. One that has expired is not there any more, and is deleted with the next change."""
        key = bytes(row.key)
        self.stored_keys.add(key)
        if row.expires_ms is not None and row.expires_ms <= self.now_ms:
            self.bytes_used -= row.bytes_used
            self.keys_used -= 1
            return
        self.entries[key] = Entry(_value_of(row), row.expires_ms, is_stored=True, counted_bytes=row.bytes_used)

    def find(self, key: bytes) -> Entry | None:
        """Return what is there now: a key may also expire between two commands of a request."""
        entry = self.entries.get(key)
        if entry and entry.expires_ms is not None and entry.expires_ms <= self.now_ms:
            self._drop(key, entry)
            return None
        return entry

    def find_value(self, key: bytes, kind: type[ValueT]) -> ValueT | None:
        """Return what a key holds, if it is of this kind; None: there is no such key."""
        entry = self.find(key)
        if entry is None:
            return None
        if not isinstance(entry.value, kind):
            raise failures.wrong_kind()
        return entry.value

    def put(self, key: bytes, value: bytes, expires_ms: int | None = None) -> None:
        """Make a key a string, whatever it was before."""
        entry = self.find(key)
        if entry and not isinstance(entry.value, bytes):
            self._drop(key, entry)
            entry = None
        if entry is None:
            self.add(key, value)
        entry = self.entries[key]
        entry.value, entry.expires_ms = value, expires_ms
        self.note_change(key)

    def add(self, key: bytes, value: Value) -> None:
        """Add a key that is not there. It counts when its change is noted."""
        self.entries[key] = Entry(value)
        self.keys_used += 1

    def note_change(self, key: bytes) -> None:
        """Count what a key takes now. A list or a hash that is empty is not there."""
        entry = self.entries[key]
        if not isinstance(entry.value, bytes) and entry.content_bytes() == 0:
            self.remove(key)
            return
        size = KEY_BYTES + len(key) + entry.content_bytes()
        self.bytes_used += size - entry.counted_bytes
        entry.counted_bytes = size
        entry.is_changed = self.is_changed = True

    def remove(self, key: bytes) -> bool:
        entry = self.find(key)
        if entry is None:
            return False
        self._drop(key, entry)
        self.is_changed = True
        return True

    async def make_room(self, keys: Iterable[bytes], arguments: list[bytes]) -> None:
        """Fail if what a command may add is too much; what has expired makes room first."""
        new_keys = sum(self.find(key) is None for key in set(keys))
        new_bytes = sum(map(len, arguments)) + len(arguments) * ITEM_BYTES + new_keys * KEY_BYTES
        if self._is_full(new_keys, new_bytes) and not self._has_purged:
            self._has_purged = True
            freed = await delete_expired_data(self.connection, self.run, self.now_ms, list(self.seen_keys))
            self.bytes_used -= freed.bytes_used
            self.keys_used -= freed.keys_used
            self.is_changed |= freed.keys_used > 0
        if new_keys and self.keys_used + new_keys > self.bounds.keys_max:
            raise failures.too_many_keys(self.bounds.keys_max)
        if self._is_full(new_keys, new_bytes):
            raise failures.full(self.bounds.bytes_max)

    def spend(self, count: int) -> None:
        """Fail if the request's commands go through too much all together."""
        if count > self.effort_left:
            raise failures.too_much_effort()
        self.effort_left -= count

    async def load_items(self, key: bytes, value: ListValue, wanted: range) -> list[bytes]:
        """Return a range of a list; fails if it would be too much for the reply."""
        for start in range(wanted.start, wanted.stop, _ITEMS_AT_ONCE):
            part = range(start, min(start + _ITEMS_AT_ONCE, wanted.stop))
            self.spend(len(part))
            await self.load_positions(key, value, part)
            self.room.require(value.known[position] for position in range(wanted.start, part.stop))
        return [value.known[position] for position in wanted]

    async def load_positions(self, key: bytes, value: ListValue, wanted: range) -> None:
        """Make a range of a list known."""
        missing = value.missing(wanted)
        if missing:
            for row in await list_data_items(self.connection, self.run, key, missing):
                value.add_loaded(row.position, bytes(row.value))

    async def measure_items(self, key: bytes, value: ListValue, wanted: range) -> int:
        """Tell what a range of a list is counted as, without loading it."""
        written = [position for position in value.written if position in wanted]
        stored = range(max(wanted.start, value.stored.start), min(wanted.stop, value.stored.stop))
        size = await measure_data_items(self.connection, self.run, key, stored, written) if stored else 0
        return size + sum(len(value.known[position]) for position in written) + len(wanted) * ITEM_BYTES

    async def load_fields(self, key: bytes, value: HashValue) -> list[tuple[bytes, bytes]]:
        """Return all fields of a hash; fails if they would be too much for the reply."""
        self.room.require_bytes(value.content_bytes, 2 * value.size)
        self.spend(value.size)
        if value.stored_fields is None and self.entries[key].is_stored:
            value.stored_fields = []
            for row in await list_data_fields(self.connection, self.run, key):
                name = bytes(row.field)
                value.stored_fields.append(name)
                value.known.setdefault(name, bytes(row.value))
        return value.items()

    def _is_full(self, new_keys: int, new_bytes: int) -> bool:
        has_keys = not new_keys or self.keys_used + new_keys <= self.bounds.keys_max
        return not has_keys or self.bytes_used + new_bytes > self.bounds.bytes_max

    def _drop(self, key: bytes, entry: Entry) -> None:
        del self.entries[key]
        self.bytes_used -= entry.counted_bytes
        self.keys_used -= 1
        self.pushed_keys.discard(key)


def check_value(value: bytes) -> bytes:
    """Fail if a value is longer than what one message could take back."""
    if len(value) > VALUE_BYTES_MAX:
        raise failures.too_long("value", len(value), VALUE_BYTES_MAX)
    return value


def _value_of(row: KeyRow) -> Value:
    content_bytes = row.bytes_used - KEY_BYTES - len(row.key)
    if row.kind == "list":
        positions = range(row.first_position, row.end_position)
        return ListValue(positions.start, positions.stop, content_bytes, stored=positions)
    if row.kind == "hash":
        return HashValue(row.fields_used, content_bytes)
    return bytes(row.value or b"")
