"""Commands about keys of any kind: DEL, EXPIRE, KEYS and their like."""

import re
from functools import partial

from tisktask_common.resp import Reply, Simple
from tisktask_orchestrator.rundata import failures
from tisktask_orchestrator.rundata.command import Command, Keys
from tisktask_orchestrator.rundata.dataset import Dataset
from tisktask_orchestrator.rundata.failures import CommandError
from tisktask_orchestrator.rundata.glob import compile_glob
from tisktask_orchestrator.rundata.numbers import parse_integer
from tisktask_orchestrator.rundata.options import is_due, parse_deadline, parse_expire_options
from tisktask_orchestrator.store.run_data import list_data_keys

_SCAN_COUNT = 10
_SCAN_COUNT_MAX = 2000
_KEYS_AT_ONCE = 5000


async def _delete(data: Dataset, arguments: list[bytes]) -> Reply:
    return sum([data.remove(key) for key in arguments])


async def _exists(data: Dataset, arguments: list[bytes]) -> Reply:
    return sum(data.find(key) is not None for key in arguments)


async def _type(data: Dataset, arguments: list[bytes]) -> Reply:
    entry = data.find(arguments[0])
    return Simple(entry.kind() if entry else "none")


async def _expire(name: str, data: Dataset, arguments: list[bytes]) -> Reply:
    """Carry out EXPIRE, PEXPIRE, EXPIREAT, PEXPIREAT."""
    key, time, *words = arguments
    options = parse_expire_options(words)
    base_ms = 0 if name.endswith("at") else data.now_ms
    deadline_ms = parse_deadline(name, time, base_ms, in_seconds=not name.startswith("p"))
    entry = data.find(key)
    if entry is None or not is_due(options, entry.expires_ms, deadline_ms):
        return 0
    if deadline_ms <= data.now_ms:
        data.remove(key)
    else:
        entry.expires_ms = deadline_ms
        data.note_change(key)
    return 1


async def _persist(data: Dataset, arguments: list[bytes]) -> Reply:
    entry = data.find(arguments[0])
    if entry is None or entry.expires_ms is None:
        return 0
    entry.expires_ms = None
    data.note_change(arguments[0])
    return 1


async def _time_left(data: Dataset, arguments: list[bytes], *, is_from_now: bool, in_seconds: bool) -> Reply:
    """Carry out TTL, PTTL, EXPIRETIME, PEXPIRETIME."""
    entry = data.find(arguments[0])
    if entry is None:
        return -2
    if entry.expires_ms is None:
        return -1
    time = entry.expires_ms - data.now_ms if is_from_now else entry.expires_ms
    return (time + 500) // 1000 if in_seconds else time


async def _keys(data: Dataset, arguments: list[bytes]) -> Reply:
    pattern = compile_glob(arguments[0])
    # A list first: looking for a key drops it if it has expired.
    new_keys = [key for key, entry in data.entries.items() if not entry.is_stored]
    found = [key for key in new_keys if data.find(key) and pattern.fullmatch(key)]
    place = 0
    while True:
        rows = await list_data_keys(data.connection, data.run, place, _KEYS_AT_ONCE, data.now_ms)
        data.spend(len(rows))
        found += [row.key for row in rows if pattern.fullmatch(row.key) and _is_still_stored(data, row.key)]
        data.room.require(found)
        if len(rows) < _KEYS_AT_ONCE:
            return list[Reply](found)
        place = rows[-1].place


async def _count_keys(data: Dataset, _arguments: list[bytes]) -> Reply:
    # As in Redis, what has expired counts until it is deleted.
    return data.keys_used


async def _scan(data: Dataset, arguments: list[bytes]) -> Reply:
    """Go along the keys in the order in which they were made: the cursor is the place of the last one.

    Keys that this very request has made are told by a later request.
    """
    place = _parse_cursor(arguments[0])
    count, pattern, kind = _parse_scan_options(arguments[1:])
    rows = await list_data_keys(data.connection, data.run, place, count, data.now_ms)
    data.spend(len(rows))
    keys = [
        row.key
        for row in rows
        if (pattern is None or pattern.fullmatch(row.key))
        and (kind is None or row.kind.encode() == kind)
        and _is_still_stored(data, row.key)
    ]
    cursor = rows[-1].place if len(rows) == count else 0
    return [str(cursor).encode(), list[Reply](keys)]


def _is_still_stored(data: Dataset, key: bytes) -> bool:
    """Tell whether a stored key is what this request sees, too."""
    if key not in data.seen_keys:
        return True
    entry = data.find(key)
    return entry is not None and entry.is_stored


def _parse_cursor(text: bytes) -> int:
    if not text.isdigit() or int(text) >= 2**63:
        raise CommandError("invalid cursor")
    return int(text)


def _parse_scan_options(words: list[bytes]) -> "tuple[int, re.Pattern[bytes] | None, bytes | None]":
    count, pattern, kind = _SCAN_COUNT, None, None
    if len(words) % 2:
        raise failures.syntax_error()
    for name, value in zip(words[::2], words[1::2], strict=True):
        match name.upper():
            case b"COUNT":
                count = parse_integer(value)
                if count < 1:
                    raise failures.syntax_error()
            case b"MATCH":
                pattern = compile_glob(value)
            case b"TYPE":
                kind = value.lower()
            case _:
                raise failures.syntax_error()
    return min(count, _SCAN_COUNT_MAX), pattern, kind


COMMANDS = [
    Command("del", _delete, -2, Keys.ALL),
    Command("unlink", _delete, -2, Keys.ALL),
    Command("exists", _exists, -2, Keys.ALL),
    Command("type", _type, 2),
    *(Command(name, partial(_expire, name), -3) for name in ("expire", "pexpire", "expireat", "pexpireat")),
    Command("persist", _persist, 2),
    Command("ttl", partial(_time_left, is_from_now=True, in_seconds=True), 2),
    Command("pttl", partial(_time_left, is_from_now=True, in_seconds=False), 2),
    Command("expiretime", partial(_time_left, is_from_now=False, in_seconds=True), 2),
    Command("pexpiretime", partial(_time_left, is_from_now=False, in_seconds=False), 2),
    Command("keys", _keys, 2, Keys.NONE),
    Command("scan", _scan, -2, Keys.NONE),
    Command("dbsize", _count_keys, 1, Keys.NONE),
]
