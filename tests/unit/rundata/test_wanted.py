"""What is loaded before commands are executed."""

from tisktask_orchestrator.rundata.command import End
from tisktask_orchestrator.rundata.table import make_call
from tisktask_orchestrator.rundata.wanted import collect_wanted


def wanted_of(*lines: str):
    return collect_wanted([make_call(line.encode().split()) for line in lines])


def test_keys_stand_where_the_command_has_them() -> None:
    lines = ["SET a 1 EX 5", "MSET b 1 c 2", "BLPOP d e 0", "DEL f g", "LMOVE h i LEFT RIGHT", "KEYS j", "get k"]
    assert sorted(wanted_of(*lines).keys) == [name.encode() for name in "abcdefghik"]


def test_fields_are_wanted_with_their_hash() -> None:
    fields = wanted_of("HSET a f 1 g 2", "HGET a h", "HMGET b f f", "HGETALL c").fields
    assert fields == {b"a": {b"f", b"g", b"h"}, b"b": {b"f"}}


def test_as_many_items_are_wanted_as_are_popped() -> None:
    ends = wanted_of("LPOP a", "LPOP a 3", "RPOP a", "BLPOP a b 0", "LPOP a x", "LPOP c 100000").ends
    assert ends == {(b"a", End.LEFT): 6, (b"a", End.RIGHT): 1, (b"b", End.LEFT): 1, (b"c", End.LEFT): 1}


def test_what_can_not_be_executed_wants_nothing() -> None:
    wanted = wanted_of("GET", "GET a b", "NOPE a", "GET " + "k" * 1025, "HGET a " + "f" * 1025)
    assert not wanted.keys
    assert not wanted.fields
