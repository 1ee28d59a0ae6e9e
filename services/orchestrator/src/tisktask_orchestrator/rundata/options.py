"""The options of SET and EXPIRE, read as Redis reads them. Pure."""

from dataclasses import dataclass

from tisktask_orchestrator.rundata import failures
from tisktask_orchestrator.rundata.failures import CommandError
from tisktask_orchestrator.rundata.numbers import INTEGER_MAX, INTEGER_MIN, parse_integer


@dataclass
class SetOptions:
    """What SET is told besides key and value."""

    is_nx: bool = False
    is_xx: bool = False
    wants_old: bool = False
    keeps_ttl: bool = False
    #: EX, PX, EXAT or PXAT, and what follows it.
    unit: bytes = b""
    time: bytes = b""


#: Option -> those that it can not stand beside.
_CONFLICTS = {
    b"NX": {b"XX"},
    b"XX": {b"NX"},
    b"GET": set[bytes](),
    b"KEEPTTL": {b"EX", b"PX", b"EXAT", b"PXAT"},
    b"EX": {b"KEEPTTL", b"PX", b"EXAT", b"PXAT"},
    b"PX": {b"KEEPTTL", b"EX", b"EXAT", b"PXAT"},
    b"EXAT": {b"KEEPTTL", b"EX", b"PX", b"PXAT"},
    b"PXAT": {b"KEEPTTL", b"EX", b"PX", b"EXAT"},
}
_TIMED = {b"EX", b"PX", b"EXAT", b"PXAT"}


def parse_set_options(arguments: list[bytes]) -> SetOptions:
    options = SetOptions()
    seen: set[bytes] = set()
    words = iter(arguments)
    for word in words:
        name = word.upper()
        if name not in _CONFLICTS or _CONFLICTS[name] & seen:
            raise failures.syntax_error()
        seen.add(name)
        if name in _TIMED:
            options.unit = name
            if (time := next(words, None)) is None:
                raise failures.syntax_error()
            options.time = time
    options.is_nx, options.is_xx = b"NX" in seen, b"XX" in seen
    options.wants_old, options.keeps_ttl = b"GET" in seen, b"KEEPTTL" in seen
    return options


def parse_expiry(command: str, unit: bytes, text: bytes, now_ms: int) -> int:
    """Read when a key that is set expires: by EX, PX, EXAT or PXAT. In milliseconds since 1970."""
    time = parse_integer(text)
    in_seconds = unit in {b"EX", b"EXAT"}
    if time <= 0 or (in_seconds and time > INTEGER_MAX // 1000):
        raise failures.wrong_expire_time(command)
    time = time * 1000 if in_seconds else time
    time = time + now_ms if unit in {b"EX", b"PX"} else time
    if time > INTEGER_MAX:
        raise failures.wrong_expire_time(command)
    return time


def parse_expire_options(arguments: list[bytes]) -> set[bytes]:
    """Read NX, XX, GT, LT."""
    options: set[bytes] = set()
    for word in arguments:
        if word.upper() not in {b"NX", b"XX", b"GT", b"LT"}:
            raise failures.unsupported_option(word)
        options.add(word.upper())
    if b"NX" in options and len(options) > 1:
        raise CommandError("NX and XX, GT or LT options at the same time are not compatible")
    if {b"GT", b"LT"} <= options:
        raise CommandError("GT and LT options at the same time are not compatible")
    return options


def parse_deadline(command: str, text: bytes, base_ms: int, *, in_seconds: bool) -> int:
    """Read when EXPIRE and its like let a key expire; the past is allowed."""
    time = parse_integer(text)
    if in_seconds:
        if not -(-INTEGER_MIN // 1000) <= time <= INTEGER_MAX // 1000:
            raise failures.wrong_expire_time(command)
        time *= 1000
    if time > INTEGER_MAX - base_ms:
        raise failures.wrong_expire_time(command)
    return time + base_ms


def is_due(options: set[bytes], present_ms: int | None, deadline_ms: int) -> bool:
    """Tell whether EXPIRE's options allow the new deadline. A key without one expires after all that have one."""
    if b"NX" in options and present_ms is not None:
        return False
    if b"XX" in options and present_ms is None:
        return False
    if b"GT" in options and (present_ms is None or deadline_ms <= present_ms):
        return False
    return not (b"LT" in options and present_ms is not None and deadline_ms >= present_ms)
