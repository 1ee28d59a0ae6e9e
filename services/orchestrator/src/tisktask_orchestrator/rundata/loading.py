"""Takes the lock on a run's data and loads what a request needs of it, in one round trip."""

from dataclasses import dataclass, field

from tisktask_common.database.pool import Connection
from tisktask_common.ids import JobId
from tisktask_orchestrator.rundata.command import End
from tisktask_orchestrator.rundata.dataset import Bounds, Dataset
from tisktask_orchestrator.rundata.room import Room
from tisktask_orchestrator.rundata.values import HashValue, ListValue
from tisktask_orchestrator.rundata.wanted import Wanted
from tisktask_orchestrator.store.run_data import (
    FieldRow,
    ItemRow,
    KeyRow,
    ReplyRow,
    RunDataRow,
    Sent,
    list_end_items,
    list_named_fields,
    list_named_keys,
    read_data_reply,
    take_run_data,
)


@dataclass
class Loading:
    """Statements that were sent: the first takes the lock, the others see what its last holder has left."""

    taken: Sent[RunDataRow]
    answered: Sent[ReplyRow]
    keys: Sent[KeyRow] | None = None
    fields: dict[bytes, Sent[FieldRow]] = field(default_factory=dict[bytes, "Sent[FieldRow]"])
    ends: list[tuple[bytes, Sent[ItemRow]]] = field(default_factory=list["tuple[bytes, Sent[ItemRow]]"])


async def send_loading(connection: Connection, job: JobId, request_id: str, wanted: Wanted) -> Loading:
    """Send all statements without waiting for one of them; the connection is in a pipeline."""
    loading = Loading(await take_run_data(connection, job), await read_data_reply(connection, job, request_id))
    if wanted.keys:
        loading.keys = await list_named_keys(connection, job, list(wanted.keys))
    for key, names in wanted.fields.items():
        loading.fields[key] = await list_named_fields(connection, job, key, list(names))
    for (key, end), count in wanted.ends.items():
        sent = await list_end_items(connection, job, key, count, is_left=end is End.LEFT)
        loading.ends.append((key, sent))
    return loading


async def make_dataset(
    connection: Connection, loading: Loading, bounds: Bounds, wanted: Wanted, now_ms: int
) -> Dataset | None:
    """Put together what was loaded. None: the run has no data yet, not even a row to lock."""
    taken = await loading.taken.rows()
    if not taken:
        return None
    data = Dataset(
        connection, taken[0].run_id, now_ms, bounds, taken[0].bytes_used, taken[0].keys_used, Room(),
        seen_keys=wanted.keys,
    )  # fmt: skip
    for row in await loading.keys.rows() if loading.keys else []:
        data.add_loaded(row)
    for key, fields in loading.fields.items():
        _add_fields(data, key, await fields.rows())
    for key, items in loading.ends:
        _add_items(data, key, await items.rows())
    return data


def _add_fields(data: Dataset, key: bytes, rows: list[FieldRow]) -> None:
    entry = data.entries.get(key)
    if entry and isinstance(entry.value, HashValue):
        entry.value.known.update({bytes(row.field): bytes(row.value) for row in rows})


def _add_items(data: Dataset, key: bytes, rows: list[ItemRow]) -> None:
    entry = data.entries.get(key)
    if entry and isinstance(entry.value, ListValue):
        for row in rows:
            entry.value.add_loaded(row.position, bytes(row.value))
