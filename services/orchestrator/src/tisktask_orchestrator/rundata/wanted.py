"""What must be loaded before some commands can be executed, read from their arguments alone. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tisktask_orchestrator.rundata import failures
from tisktask_orchestrator.rundata.command import Call, End, Keys
from tisktask_orchestrator.rundata.room import KEY_BYTES_MAX

#: What is taken off lists beyond this is loaded when it is needed.
_ENDS_MAX = 16
_ITEMS_MAX = 256


@dataclass
class Wanted:
    """Keys, fields by their key, and how many items from which end of which list."""

    keys: set[bytes] = field(default_factory=set[bytes])
    fields: dict[bytes, set[bytes]] = field(default_factory=lambda: defaultdict(set[bytes]))
    ends: dict[tuple[bytes, End], int] = field(default_factory=lambda: defaultdict(int))


def collect_wanted(calls: Iterable[Call]) -> Wanted:
    """Collect it for all commands of a request. What can not be executed anyway wants nothing."""
    wanted = Wanted()
    for call in calls:
        if call.command is None or has_long_name(call) or not call.command.has_right_count(call.arguments):
            continue
        wanted.keys.update(call.key_arguments())
        if fields := call.field_arguments():
            wanted.fields[call.arguments[0]].update(fields)
        if call.command.end:
            _want_items(wanted, call, call.command.end)
    return wanted


def has_long_name(call: Call) -> bool:
    return any(len(name) > KEY_BYTES_MAX for name in names_of(call))


def names_of(call: Call) -> list[bytes]:
    """List the keys and fields that a command names."""
    return [*call.key_arguments(), *call.field_arguments()]


def check_names(call: Call) -> None:
    for name in names_of(call):
        if len(name) > KEY_BYTES_MAX:
            raise failures.too_long("key or field", len(name), KEY_BYTES_MAX)


def _want_items(wanted: Wanted, call: Call, end: End) -> None:
    count = 1
    if call.command and call.command.keys is Keys.FIRST and len(call.arguments) == 2:
        text = call.arguments[1]
        count = int(text) if text.isdigit() and len(text) < 6 else 1
    for key in call.key_arguments():
        if (key, end) in wanted.ends or len(wanted.ends) < _ENDS_MAX:
            wanted.ends[key, end] = min(wanted.ends[key, end] + count, _ITEMS_MAX)
