"""Commands on strings, among them counters."""

from fractions import Fraction
from functools import partial

from tisktask_common.resp import OK, Reply
from tisktask_orchestrator.rundata import failures
from tisktask_orchestrator.rundata.command import Command, Keys
from tisktask_orchestrator.rundata.dataset import Dataset, check_value
from tisktask_orchestrator.rundata.failures import CommandError
from tisktask_orchestrator.rundata.numbers import (
    INTEGER_MIN,
    add,
    format_float,
    parse_float,
    parse_integer,
    rounded,
)
from tisktask_orchestrator.rundata.options import parse_expiry, parse_set_options


async def _get(data: Dataset, arguments: list[bytes]) -> Reply:
    return data.find_value(arguments[0], bytes)


async def _set(data: Dataset, arguments: list[bytes]) -> Reply:
    key, value, *words = arguments
    options = parse_set_options(words)
    expires_ms = parse_expiry("set", options.unit, options.time, data.now_ms) if options.unit else None
    old = data.find_value(key, bytes) if options.wants_old else None
    data.room.require([old] if old else [])
    entry = data.find(key)
    if (options.is_nx and entry) or (options.is_xx and not entry):
        return old
    if options.keeps_ttl and entry:
        expires_ms = entry.expires_ms
    data.put(key, check_value(value), expires_ms)
    return old if options.wants_old else OK


async def _set_if_new(data: Dataset, arguments: list[bytes]) -> Reply:
    if data.find(arguments[0]):
        return 0
    data.put(arguments[0], check_value(arguments[1]))
    return 1


async def _set_for_time(name: str, unit: bytes, data: Dataset, arguments: list[bytes]) -> Reply:
    key, time, value = arguments
    expires_ms = parse_expiry(name, unit, time, data.now_ms)
    data.put(key, check_value(value), expires_ms)
    return OK


async def _get_and_set(data: Dataset, arguments: list[bytes]) -> Reply:
    old = data.find_value(arguments[0], bytes)
    data.room.require([old] if old else [])
    data.put(arguments[0], check_value(arguments[1]))
    return old


async def _get_and_delete(data: Dataset, arguments: list[bytes]) -> Reply:
    old = data.find_value(arguments[0], bytes)
    data.room.require([old] if old else [])
    data.remove(arguments[0])
    return old


async def _get_many(data: Dataset, arguments: list[bytes]) -> Reply:
    entries = [data.find(key) for key in arguments]
    return [entry.value if entry and isinstance(entry.value, bytes) else None for entry in entries]


async def _set_many(name: str, data: Dataset, arguments: list[bytes]) -> Reply:
    """Carry out MSET, and MSETNX: all or none."""
    if len(arguments) % 2:
        raise failures.wrong_number_of_arguments(name)
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))
    for _, value in pairs:
        check_value(value)
    if name == "msetnx" and any(data.find(key) for key, _ in pairs):
        return 0
    for key, value in pairs:
        data.put(key, value)
    return 1 if name == "msetnx" else OK


async def _append(data: Dataset, arguments: list[bytes]) -> Reply:
    key, more = arguments
    value = check_value((data.find_value(key, bytes) or b"") + more)
    _replace(data, key, value)
    return len(value)


async def _measure(data: Dataset, arguments: list[bytes]) -> Reply:
    return len(data.find_value(arguments[0], bytes) or b"")


async def _increment(sign: int, data: Dataset, arguments: list[bytes]) -> Reply:
    """Carry out INCR, DECR, INCRBY, DECRBY."""
    step = parse_integer(arguments[1]) if len(arguments) > 1 else 1
    if sign < 0 and step == INTEGER_MIN:
        raise CommandError("decrement would overflow")
    old = data.find_value(arguments[0], bytes)
    value = add(parse_integer(old) if old is not None else 0, sign * step)
    _replace(data, arguments[0], str(value).encode())
    return value


async def _increment_by_float(data: Dataset, arguments: list[bytes]) -> Reply:
    old = data.find_value(arguments[0], bytes)
    value = parse_float(old) if old is not None else Fraction(0)
    step = parse_float(arguments[1])
    if value is None or step is None:
        raise CommandError("increment would produce NaN or Infinity")
    text = format_float(rounded(value + step))
    _replace(data, arguments[0], text)
    return text


def _replace(data: Dataset, key: bytes, value: bytes) -> None:
    """Set what a key holds, and leave it its time."""
    entry = data.find(key)
    data.put(key, value, entry.expires_ms if entry else None)


COMMANDS = [
    Command("get", _get, 2),
    Command("set", _set, -3, grows=True),
    Command("setnx", _set_if_new, 3, grows=True),
    Command("setex", partial(_set_for_time, "setex", b"EX"), 4, grows=True),
    Command("psetex", partial(_set_for_time, "psetex", b"PX"), 4, grows=True),
    Command("getset", _get_and_set, 3, grows=True),
    Command("getdel", _get_and_delete, 2),
    Command("mget", _get_many, -2, Keys.ALL),
    Command("mset", partial(_set_many, "mset"), -3, Keys.EVERY_SECOND, grows=True),
    Command("msetnx", partial(_set_many, "msetnx"), -3, Keys.EVERY_SECOND, grows=True),
    Command("append", _append, 3, grows=True),
    Command("strlen", _measure, 2),
    Command("incr", partial(_increment, 1), 2, grows=True),
    Command("decr", partial(_increment, -1), 2, grows=True),
    Command("incrby", partial(_increment, 1), 3, grows=True),
    Command("decrby", partial(_increment, -1), 3, grows=True),
    Command("incrbyfloat", _increment_by_float, 3, grows=True),
]
