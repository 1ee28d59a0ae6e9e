"""Keeps one message of each kind as it was said when it came to be: `tests/contract/said_before/`.

Later versions must still understand it. What is missing is written, what is there is never changed.
`--check` only looks.
"""

import importlib
import inspect
import json
import pkgutil
import sys
import typing
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import tisktask_common
from tisktask_common.events import AnyEvent, Value
from tisktask_common.job_requests import ChannelMessage, News
from tisktask_common.rpc import Request, StopOrder

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "contract" / "said_before"
NOTICES: tuple[type[Value], ...] = (StopOrder, News, ChannelMessage)
_MOMENT = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
_TEXTS = {"sha": "a" * 40, "ref": "refs/heads/main", "event": "push", "full_name": "octo/demo", "forge": "github"}


def main() -> int:
    """Write what is missing; with --check say it and fail."""
    missing = {name: text for name, text in samples().items() if not (FOLDER / name).exists()}
    if missing and "--check" in sys.argv:
        print("messages without a sample in tests/contract/said_before; run `make schemas`:\n  " + "\n  ".join(missing))
        return 1
    for name, text in missing.items():
        (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text(text)
    print(f"messages as they were said before: wrote {len(missing)} files")
    return 0


def samples() -> dict[str, str]:
    """Map the file names below said_before/ to a message as this version says it."""
    made: dict[str, Any] = {}
    for event in typing.get_args(typing.get_args(AnyEvent)[0]):
        made[f"events/{event.model_fields['type'].default}.json"] = _json(event)
    for kind in requests():
        made[f"requests/{kind.subject_name}.json"] = {"request": _json(kind), "reply": _json(kind.reply_type)}
    for notice in NOTICES:
        made[f"notices/{notice.__name__}.json"] = _json(notice)
    return {name: json.dumps(message, indent=2) + "\n" for name, message in made.items()}


def requests() -> list[type[Request[Any]]]:
    """List all requests between services, wherever they are declared."""
    for module in pkgutil.iter_modules(tisktask_common.__path__, "tisktask_common."):
        importlib.import_module(module.name)
    found = {kind for kind in _below(Request) if "subject_name" in vars(kind)}
    return sorted(found, key=lambda kind: kind.subject_name)


def _below(kind: type[Any]) -> set[type[Any]]:
    return {one for child in kind.__subclasses__() for one in {child, *_below(child)}}


def _json(model: type[BaseModel]) -> Any:
    return _make(model).model_dump(mode="json")


def _make(model: type[BaseModel]) -> BaseModel:
    return model(**{name: _value(name, info.annotation) for name, info in model.model_fields.items()})


def _value(name: str, kind: Any) -> Any:
    """Make up a value of a field; none is null or empty, so that every field is in the sample."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is not None:
        return _generic_value(name, origin, arguments)
    if isinstance(kind, typing.NewType):
        return f"{name}_01kaxq3v4w8ys3e7c6t3m2b1a9"
    if inspect.isclass(kind) and issubclass(kind, Enum):
        return next(iter(kind))
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        return _make(kind)
    text = _TEXTS.get(name, f"some {name}")
    return {str: text, bool: True, int: 3, float: 2.5, datetime: _MOMENT, Any: ["+", "T0s="]}[kind]


def _generic_value(name: str, origin: Any, arguments: tuple[Any, ...]) -> Any:
    if origin is typing.Literal:
        return arguments[0]
    if origin is list:
        return [_value(name, arguments[0])]
    if origin is dict:
        return {_value("key", arguments[0]): _value(name, arguments[1])}
    # A union, or an annotated type: the first that is not None.
    return _value(name, next(one for one in arguments if one is not type(None)))


if __name__ == "__main__":
    sys.exit(main())
