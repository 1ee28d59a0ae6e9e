"""Replies of the job's socket as values, as RESP2 or RESP3 bytes, and as JSON between services. Pure."""

import base64
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

CRLF = b"\r\n"


@dataclass(frozen=True)
class Simple:
    """A status: `+OK`."""

    text: str


@dataclass(frozen=True)
class Failure:
    """An error: a code in capitals and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class Push:
    """Something said without being asked: an array in RESP2."""

    items: "list[Reply]"


@dataclass(frozen=True)
class Pairs:
    """A map in RESP3, a flat array in RESP2. Keys may be of any kind, so it is a list."""

    items: "list[tuple[Reply, Reply]]"


@dataclass(frozen=True)
class Several:
    """What a command replies that has more than one reply, or none (`SUBSCRIBE`): one after another."""

    items: "list[Reply]"


#: None is null; NULL_ARRAY its other form in RESP2, where the contract asks for it (`BLPOP`).
Reply: TypeAlias = "int | float | bytes | Simple | Failure | Push | Pairs | Several | NullArray | list[Reply] | None"


@dataclass(frozen=True)
class NullArray:
    """A null that is an array in RESP2."""


NULL_ARRAY = NullArray()
OK = Simple("OK")


def encode(reply: Reply, protocol: int) -> bytes:
    """Write a reply in RESP2 or RESP3."""
    out: list[bytes] = []
    _write(out, reply, protocol)
    return b"".join(out)


def _write(out: list[bytes], reply: Reply, protocol: int) -> None:  # noqa: C901, PLR0912 - one case per kind
    match reply:
        case None:
            out.append(b"_\r\n" if protocol == 3 else b"$-1\r\n")
        case NullArray():
            out.append(b"_\r\n" if protocol == 3 else b"*-1\r\n")
        case bytes():
            out.append(b"$%d\r\n%b\r\n" % (len(reply), reply))
        case int():
            out.append(b":%d\r\n" % reply)
        case float():
            text = repr(reply).encode()
            out.append(b",%b\r\n" % text if protocol == 3 else b"$%d\r\n%b\r\n" % (len(text), text))
        case Simple(text):
            out.append(b"+%b\r\n" % _one_line(text))
        case Failure(code, message):
            out.append(b"-%b\r\n" % _one_line(f"{code} {message}"))
        case Push(items):
            _write_all(out, b">" if protocol == 3 else b"*", items, protocol)
        case Pairs(items):
            out.append(b"%%%d\r\n" % len(items) if protocol == 3 else b"*%d\r\n" % (2 * len(items)))
            for pair in items:
                for item in pair:
                    _write(out, item, protocol)
        case Several(items):
            for item in items:
                _write(out, item, protocol)
        case list():
            _write_all(out, b"*", reply, protocol)


def _write_all(out: list[bytes], sign: bytes, items: "list[Reply]", protocol: int) -> None:
    out.append(b"%b%d\r\n" % (sign, len(items)))
    for item in items:
        _write(out, item, protocol)


def _one_line(text: str) -> bytes:
    return " ".join(text.splitlines()).encode("utf-8", "backslashreplace")


def to_json(reply: Reply) -> Any:  # noqa: PLR0911 - one case per kind
    """Write a reply as JSON: null, a number, or an object with one key that tells the kind."""
    match reply:
        case None | int() | float():
            return reply
        case NullArray():
            return {"null": "array"}
        case bytes():
            return {"bytes": base64.b64encode(reply).decode()}
        case Simple(text):
            return {"simple": text}
        case Failure(code, message):
            return {"error": [code, message]}
        case Pairs(items):
            return {"pairs": [[to_json(key), to_json(value)] for key, value in items]}
        case Push(items):
            return {"push": [to_json(item) for item in items]}
        case Several(items):
            return {"several": [to_json(item) for item in items]}
        case list():
            return [to_json(item) for item in reply]


def from_json(value: Any) -> Reply:  # noqa: PLR0911 - one case per kind
    """Read what `to_json` has written."""
    if isinstance(value, list):
        return [from_json(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = cast("dict[str, Any]", value).items()
    match kind:
        case "bytes":
            return base64.b64decode(content)
        case "simple":
            return Simple(content)
        case "error":
            return Failure(*content)
        case "pairs":
            return Pairs([(from_json(key), from_json(held)) for key, held in content])
        case "push":
            return Push([from_json(item) for item in content])
        case "several":
            return Several([from_json(item) for item in content])
        case "null":
            return NULL_ARRAY
        case _:
            raise ValueError(f"unknown kind of reply: {kind[:40]}")
