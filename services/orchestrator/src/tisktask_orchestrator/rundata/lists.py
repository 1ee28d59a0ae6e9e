"""Commands on lists. Nothing waits here: BLPOP says null, and its runner asks again when something was pushed."""

from functools import partial

from tisktask_common.resp import NULL_ARRAY, OK, Reply
from tisktask_orchestrator.rundata import failures
from tisktask_orchestrator.rundata.command import Command, End, Keys
from tisktask_orchestrator.rundata.dataset import Dataset, check_value
from tisktask_orchestrator.rundata.failures import CommandError
from tisktask_orchestrator.rundata.numbers import INTEGER_MAX, parse_float, parse_integer
from tisktask_orchestrator.rundata.values import ListValue

#: LREM must see the whole list.
_ITEMS_SEARCHED_MAX = 20_000


async def _push(data: Dataset, arguments: list[bytes], *, is_left: bool, is_made: bool = True) -> Reply:
    """Carry out LPUSH, RPUSH, LPUSHX, RPUSHX."""
    key, *items = arguments
    for item in items:
        check_value(item)
    held = data.find_value(key, ListValue)
    if held is None and not is_made:
        return 0
    return _push_all(data, key, items, is_left=is_left)


async def _pop(name: str, data: Dataset, arguments: list[bytes], *, is_left: bool) -> Reply:
    if len(arguments) > 2:
        raise failures.wrong_number_of_arguments(name)
    if len(arguments) == 2:
        return await _pop_many(data, arguments[0], arguments[1], is_left=is_left)
    held = data.find_value(arguments[0], ListValue)
    return await _pop_one(data, arguments[0], held, is_left=is_left) if held else None


async def _pop_many(data: Dataset, key: bytes, text: bytes, *, is_left: bool) -> Reply:
    wrong = CommandError("value is out of range, must be positive")
    count = parse_integer(text, wrong)
    if count < 0:
        raise wrong
    held = data.find_value(key, ListValue)
    if held is None:
        return NULL_ARRAY
    count = min(count, len(held))
    wanted = range(held.first, held.first + count) if is_left else range(held.end - count, held.end)
    await data.load_items(key, held, wanted)
    items: list[Reply] = [held.pop(is_left=is_left) for _ in wanted]
    if items:
        data.note_change(key)
    return items


async def _pop_first_of(data: Dataset, arguments: list[bytes], *, is_left: bool) -> Reply:
    """Carry out BLPOP and BRPOP as far as that can be done at once."""
    *keys, timeout = arguments
    _check_timeout(timeout)
    for key in keys:
        held = data.find_value(key, ListValue)
        if held:
            return [key, await _pop_one(data, key, held, is_left=is_left)]
    return NULL_ARRAY


async def _move(data: Dataset, arguments: list[bytes]) -> Reply:
    """Carry out LMOVE."""
    source, target, *words = arguments
    ends = [word.upper() for word in words]
    if any(end not in {b"LEFT", b"RIGHT"} for end in ends):
        raise failures.syntax_error()
    held = data.find_value(source, ListValue)
    if held is None:
        return None
    data.find_value(target, ListValue)
    is_left = ends[0] == b"LEFT"
    position = held.first if is_left else held.end - 1
    (item,) = await data.load_items(source, held, range(position, position + 1))
    held.pop(is_left=is_left)
    # A list that moves its only item to itself is never empty: it keeps its time.
    _push_all(data, target, [item], is_left=ends[1] == b"LEFT")
    data.note_change(source)
    return item


async def _pop_and_push(data: Dataset, arguments: list[bytes]) -> Reply:
    """Carry out RPOPLPUSH."""
    return await _move(data, [*arguments, b"RIGHT", b"LEFT"])


async def _count(data: Dataset, arguments: list[bytes]) -> Reply:
    held = data.find_value(arguments[0], ListValue)
    return len(held) if held else 0


async def _range(data: Dataset, arguments: list[bytes]) -> Reply:
    key, *bounds = arguments
    start, stop = (parse_integer(bound) for bound in bounds)
    held = data.find_value(key, ListValue)
    if held is None:
        return []
    return list[Reply](await data.load_items(key, held, _positions(held, start, stop)))


async def _index(data: Dataset, arguments: list[bytes]) -> Reply:
    held = data.find_value(arguments[0], ListValue)
    if held is None:
        return None
    position = _position(held, parse_integer(arguments[1]))
    if position is None:
        return None
    await data.load_positions(arguments[0], held, range(position, position + 1))
    return held.known[position]


async def _set(data: Dataset, arguments: list[bytes]) -> Reply:
    key, index, item = arguments
    held = data.find_value(key, ListValue)
    if held is None:
        raise CommandError("no such key")
    position = _position(held, parse_integer(index))
    if position is None:
        raise CommandError("index out of range")
    await data.load_positions(key, held, range(position, position + 1))
    held.replace(position, check_value(item))
    data.note_change(key)
    return OK


async def _remove(data: Dataset, arguments: list[bytes]) -> Reply:
    """Carry out LREM: what follows an item that was removed moves up, so that positions stay without gaps."""
    key, text, unwanted = arguments
    count = parse_integer(text)
    held = data.find_value(key, ListValue)
    if held is None:
        return 0
    if len(held) > _ITEMS_SEARCHED_MAX:
        raise failures.too_many_items(_ITEMS_SEARCHED_MAX)
    data.spend(len(held))
    positions = range(held.first, held.end)
    await data.load_positions(key, held, positions)
    found = [position for position in positions if held.known[position] == unwanted]
    chosen = set(found[count:] if count < 0 else found[:count] if count > 0 else found)
    if not chosen:
        return 0
    left = [held.known[position] for position in positions if position not in chosen]
    for position, item in enumerate(left, held.first):
        if held.known[position] != item:
            held.replace(position, item)
    for _ in chosen:
        held.pop(is_left=False)
    data.note_change(key)
    return len(chosen)


async def _trim(data: Dataset, arguments: list[bytes]) -> Reply:
    key, *bounds = arguments
    start, stop = (parse_integer(bound) for bound in bounds)
    held = data.find_value(key, ListValue)
    if held is None:
        return OK
    kept = _positions(held, start, stop)
    if not kept:
        data.remove(key)
    elif len(kept) < len(held):
        left, right = range(held.first, kept.start), range(kept.stop, held.end)
        dropped = await data.measure_items(key, held, left) + await data.measure_items(key, held, right)
        held.keep(kept, dropped)
        data.note_change(key)
    return OK


def _push_all(data: Dataset, key: bytes, items: list[bytes], *, is_left: bool) -> int:
    held = data.find_value(key, ListValue)
    if held is None:
        held = ListValue()
        data.add(key, held)
    for item in items:
        held.push(item, is_left=is_left)
    data.note_change(key)
    data.pushed_keys.add(key)
    return len(held)


async def _pop_one(data: Dataset, key: bytes, held: ListValue, *, is_left: bool) -> bytes:
    position = held.first if is_left else held.end - 1
    await data.load_items(key, held, range(position, position + 1))
    item = held.pop(is_left=is_left)
    data.note_change(key)
    return item


def _position(held: ListValue, index: int) -> int | None:
    position = index + (held.first if index >= 0 else held.end)
    return position if held.first <= position < held.end else None


def _positions(held: ListValue, start: int, stop: int) -> range:
    """Make positions of a range whose last item belongs to it; negative numbers count from the end."""
    low = max(start + len(held) if start < 0 else start, 0)
    high = min(stop + len(held) if stop < 0 else stop, len(held) - 1)
    return range(held.first + low, held.first + high + 1) if low <= high else range(held.first, held.first)


def _check_timeout(text: bytes) -> None:
    seconds = parse_float(text, CommandError("timeout is not a float or out of range"))
    if seconds is None or seconds * 1000 > INTEGER_MAX:
        raise CommandError("timeout is out of range")
    if seconds < 0:
        raise CommandError("timeout is negative")


COMMANDS = [
    Command("lpush", partial(_push, is_left=True), -3, grows=True),
    Command("rpush", partial(_push, is_left=False), -3, grows=True),
    Command("lpushx", partial(_push, is_left=True, is_made=False), -3, grows=True),
    Command("rpushx", partial(_push, is_left=False, is_made=False), -3, grows=True),
    Command("lpop", partial(_pop, "lpop", is_left=True), -2, end=End.LEFT),
    Command("rpop", partial(_pop, "rpop", is_left=False), -2, end=End.RIGHT),
    Command("blpop", partial(_pop_first_of, is_left=True), -3, Keys.ALL_BUT_LAST, end=End.LEFT),
    Command("brpop", partial(_pop_first_of, is_left=False), -3, Keys.ALL_BUT_LAST, end=End.RIGHT),
    Command("lmove", _move, 5, Keys.FIRST_TWO, grows=True),
    Command("rpoplpush", _pop_and_push, 3, Keys.FIRST_TWO, grows=True),
    Command("llen", _count, 2),
    Command("lrange", _range, 4),
    Command("lindex", _index, 3),
    Command("lset", _set, 4, grows=True),
    Command("lrem", _remove, 4),
    Command("ltrim", _trim, 4),
]
