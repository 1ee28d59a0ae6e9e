"""Writes down what a request has changed: only that, and nobody waits in between."""

from itertools import chain

from tisktask_orchestrator.rundata.dataset import Dataset
from tisktask_orchestrator.rundata.values import Entry, HashValue, ListValue
from tisktask_orchestrator.store.run_data import RunDataRow
from tisktask_orchestrator.store.run_data_writes import (
    GivenReply,
    KeyColumns,
    delete_data_fields,
    delete_data_items,
    delete_data_keys,
    upsert_data_fields,
    upsert_data_items,
    write_run_data,
)


async def send_changes(data: Dataset, reply: GivenReply) -> None:
    """Send all statements; the connection is in a pipeline."""
    if gone := [key for key in data.stored_keys if not _is_kept(data.entries.get(key))]:
        await delete_data_keys(data.connection, data.run, gone)
    changed = {key: entry for key, entry in data.entries.items() if entry.is_changed}
    state = RunDataRow(data.run, data.bytes_used, data.keys_used)
    await write_run_data(data.connection, state, [_columns(key, entry) for key, entry in changed.items()], reply)
    await _send_items(data, {key: entry.value for key, entry in changed.items() if isinstance(entry.value, ListValue)})
    await _send_fields(data, {key: entry.value for key, entry in changed.items() if isinstance(entry.value, HashValue)})


def _is_kept(entry: Entry | None) -> bool:
    return entry is not None and entry.is_stored


async def _send_items(data: Dataset, lists: dict[bytes, ListValue]) -> None:
    for key, held in lists.items():
        kept = range(held.first, held.end)
        for gone in (range(held.stored.start, min(kept.start, held.stored.stop)),
                     range(max(kept.stop, held.stored.start), held.stored.stop)):  # fmt: skip
            if gone:
                await delete_data_items(data.connection, data.run, key, gone)
    written = [
        (key, position, held.known[position]) for key, held in lists.items() for position in sorted(held.written)
    ]
    if written:
        await upsert_data_items(data.connection, data.run, written)


async def _send_fields(data: Dataset, hashes: dict[bytes, HashValue]) -> None:
    for key, held in hashes.items():
        if held.removed:
            await delete_data_fields(data.connection, data.run, key, list(held.removed))
    written = [
        (key, name, value)
        for key, held in hashes.items()
        for name in chain(held.written, held.added)
        if (value := held.known[name]) is not None
    ]
    if written:
        await upsert_data_fields(data.connection, data.run, written)


def _columns(key: bytes, entry: Entry) -> KeyColumns:
    value = entry.value
    return KeyColumns(
        key,
        entry.kind(),
        value if isinstance(value, bytes) else None,
        entry.expires_ms,
        entry.counted_bytes,
        value.first if isinstance(value, ListValue) else 0,
        value.end if isinstance(value, ListValue) else 0,
        value.size if isinstance(value, HashValue) else 0,
    )
