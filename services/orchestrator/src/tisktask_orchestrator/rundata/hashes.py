"""Commands on hashes. The fields that they name are loaded already."""

from fractions import Fraction
from functools import partial

from tisktask_common.resp import OK, Pairs, Reply
from tisktask_orchestrator.rundata import failures
from tisktask_orchestrator.rundata.command import Command, Fields
from tisktask_orchestrator.rundata.dataset import Dataset, check_value
from tisktask_orchestrator.rundata.failures import CommandError
from tisktask_orchestrator.rundata.numbers import add, format_float, parse_float, parse_integer, rounded
from tisktask_orchestrator.rundata.values import HashValue


async def _set(name: str, data: Dataset, arguments: list[bytes]) -> Reply:
    """Carry out HSET, and HMSET, its older form."""
    key, *words = arguments
    if len(words) % 2:
        raise failures.wrong_number_of_arguments(name)
    for value in words[1::2]:
        check_value(value)
    held = _find_or_make(data, key)
    new = sum([held.put(field, value) for field, value in zip(words[::2], words[1::2], strict=True)])
    data.note_change(key)
    return OK if name == "hmset" else new


async def _set_if_new(data: Dataset, arguments: list[bytes]) -> Reply:
    key, field, value = arguments
    held = data.find_value(key, HashValue)
    if held and held.known.get(field) is not None:
        return 0
    _put(data, key, field, check_value(value))
    return 1


async def _get(data: Dataset, arguments: list[bytes]) -> Reply:
    held = data.find_value(arguments[0], HashValue)
    return held.known.get(arguments[1]) if held else None


async def _get_many(data: Dataset, arguments: list[bytes]) -> Reply:
    held = data.find_value(arguments[0], HashValue)
    return [held.known.get(field) if held else None for field in arguments[1:]]


async def _get_all(data: Dataset, arguments: list[bytes]) -> Reply:
    return Pairs([(field, value) for field, value in await _load(data, arguments[0])])


async def _list_fields(data: Dataset, arguments: list[bytes]) -> Reply:
    return [field for field, _ in await _load(data, arguments[0])]


async def _list_values(data: Dataset, arguments: list[bytes]) -> Reply:
    return [value for _, value in await _load(data, arguments[0])]


async def _delete(data: Dataset, arguments: list[bytes]) -> Reply:
    key, *fields = arguments
    held = data.find_value(key, HashValue)
    removed = sum([held.remove(field) for field in fields]) if held else 0
    if removed:
        data.note_change(key)
    return removed


async def _exists(data: Dataset, arguments: list[bytes]) -> Reply:
    return int(await _get(data, arguments) is not None)


async def _count(data: Dataset, arguments: list[bytes]) -> Reply:
    held = data.find_value(arguments[0], HashValue)
    return held.size if held else 0


async def _measure(data: Dataset, arguments: list[bytes]) -> Reply:
    held = data.find_value(arguments[0], HashValue)
    return len(held.known.get(arguments[1]) or b"") if held else 0


async def _increment(data: Dataset, arguments: list[bytes]) -> Reply:
    key, field, step = arguments
    increment = parse_integer(step)
    held = data.find_value(key, HashValue)
    old = held.known.get(field) if held else None
    present = parse_integer(old, CommandError("hash value is not an integer")) if old is not None else 0
    value = add(present, increment)
    _put(data, key, field, str(value).encode())
    return value


async def _increment_by_float(data: Dataset, arguments: list[bytes]) -> Reply:
    key, field, text = arguments
    step = parse_float(text)
    if step is None:
        raise CommandError("value is NaN or Infinity")
    held = data.find_value(key, HashValue)
    old = held.known.get(field) if held else None
    present = parse_float(old, CommandError("hash value is not a float")) if old is not None else Fraction(0)
    if present is None:
        raise CommandError("increment would produce NaN or Infinity")
    value = format_float(rounded(present + step))
    _put(data, key, field, value)
    return value


def _put(data: Dataset, key: bytes, field: bytes, value: bytes) -> None:
    _find_or_make(data, key).put(field, value)
    data.note_change(key)


def _find_or_make(data: Dataset, key: bytes) -> HashValue:
    held = data.find_value(key, HashValue)
    if held is None:
        held = HashValue()
        data.add(key, held)
    return held


async def _load(data: Dataset, key: bytes) -> list[tuple[bytes, bytes]]:
    held = data.find_value(key, HashValue)
    return await data.load_fields(key, held) if held else []


COMMANDS = [
    Command("hset", partial(_set, "hset"), -4, fields=Fields.EVERY_SECOND, grows=True),
    Command("hmset", partial(_set, "hmset"), -4, fields=Fields.EVERY_SECOND, grows=True),
    Command("hsetnx", _set_if_new, 4, fields=Fields.SECOND, grows=True),
    Command("hget", _get, 3, fields=Fields.SECOND),
    Command("hmget", _get_many, -3, fields=Fields.REST),
    Command("hgetall", _get_all, 2),
    Command("hkeys", _list_fields, 2),
    Command("hvals", _list_values, 2),
    Command("hdel", _delete, -3, fields=Fields.REST),
    Command("hexists", _exists, 3, fields=Fields.SECOND),
    Command("hlen", _count, 2),
    Command("hstrlen", _measure, 3, fields=Fields.SECOND),
    Command("hincrby", _increment, 4, fields=Fields.SECOND, grows=True),
    Command("hincrbyfloat", _increment_by_float, 4, fields=Fields.SECOND, grows=True),
]
