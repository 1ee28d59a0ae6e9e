"""Bytes become commands, however they are cut, and claims cost nothing."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_runner.jobsocket.limits import SocketLimits
from tisktask_runner.jobsocket.reading import CommandReader, Refusal

LIMITS = SocketLimits(argument_bytes=100, command_bytes=300, arguments=10)

ARGUMENTS = st.lists(st.binary(max_size=30), min_size=1, max_size=5)
WORDS = st.lists(st.text("abcXYZ019-_.", min_size=1, max_size=8), min_size=1, max_size=5)


def packed(arguments: list[bytes]) -> bytes:
    return b"*%d\r\n" % len(arguments) + b"".join(b"$%d\r\n%b\r\n" % (len(a), a) for a in arguments)


def feed_cut(data: bytes, cuts: list[int], limits: SocketLimits = LIMITS) -> list:
    reader = CommandReader(limits)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [request for a, b in pairwise(edges) for request in reader.feed(data[a:b])]


def message(data: bytes, limits: SocketLimits = LIMITS) -> str:
    (refusal,) = feed_cut(data, [], limits)
    assert isinstance(refusal, Refusal)
    return f"{refusal.failure.code} {refusal.failure.message}"


@given(st.lists(ARGUMENTS | WORDS, max_size=6), st.lists(st.integers(0, 500), max_size=8))
def test_commands_are_the_same_however_the_bytes_are_cut(commands, cuts):
    data, expected = b"", []
    for command in commands:
        if isinstance(command[0], str):
            data += " ".join(command).encode() + b"\r\n"
            expected.append([word.encode() for word in command])
        else:
            data += packed(command)
            expected.append(command)
    assert feed_cut(data, cuts) == expected


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_garbage_is_read_the_same_however_it_is_cut(data, cuts):
    assert feed_cut(data, cuts) == feed_cut(data, [])


@given(
    st.lists(
        st.sampled_from([b"*2", b"*1", b"\r\n", b"$3", b"$0", b"$-1", b"*-1", b"PING", b"abc", b"*", b"$", b'"']),
        max_size=30,
    )
)
def test_what_looks_like_the_protocol_never_breaks_the_reader(pieces):
    for request in feed_cut(b"".join(pieces), []):
        assert isinstance(request, Refusal) or all(isinstance(argument, bytes) for argument in request)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"*4000000000\r\n", "ERR Protocol error: invalid multibulk length"),
        (b"*x\r\n", "ERR Protocol error: invalid multibulk length"),
        (b"*" + b"1" * 40, "ERR Protocol error: too big multibulk count string"),
        (b"*1\r\n*1\r\n", "ERR Protocol error: expected '$', got '*'"),
        (b"*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$+1\r\na\r\n", "ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$99999999999\r\n", "ERR Protocol error: invalid bulk length"),
        (b"*1\r\n$1\r\nabc\r\n", "ERR Protocol error: an argument is longer than it says"),
        (b'SET a "b\r\n', "ERR Protocol error: unbalanced quotes in request"),
        (b"a" * 65536, "ERR Protocol error: too big inline request"),
    ],
)
def test_what_is_not_the_protocol_is_named_and_ends_the_reading(data, said):
    assert message(data) == said
    reader = CommandReader(LIMITS)
    (refusal,) = reader.feed(data)
    assert refusal.is_last
    assert reader.feed(b"PING\r\n") == []


def test_a_line_of_almost_64_kib_is_read():
    assert feed_cut(b"a" * 65000 + b" b\r\n", []) == [[b"a" * 65000, b"b"]]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([b"SET", b"a", b"b" * 101], "LIMIT argument 2 has 101 bytes, at most 100 are allowed"),
        ([b"a" * 99] * 4, "LIMIT the arguments have 396 bytes together, at most 300 are allowed"),
        ([b"a"] * 11, "LIMIT 11 arguments, at most 10 are allowed"),
    ],
)
def test_a_command_beyond_a_limit_is_refused_and_the_next_one_is_read(command, said):
    for cuts in ([], range(0, 450, 7)):
        refusal, following = feed_cut(packed(command) + packed([b"PING"]), list(cuts))
        assert f"{refusal.failure.code} {refusal.failure.message}".startswith(said)
        assert following == [b"PING"]


def test_a_line_with_too_many_words_is_refused():
    assert message(b"a " * 11 + b"\r\n").startswith("LIMIT 11 arguments")


def test_empty_commands_are_passed_over():
    assert feed_cut(b"*0\r\n*-1\r\n\r\n   \r\nPING\r\n", []) == [[b"PING"]]


def test_what_is_claimed_takes_no_memory_before_it_comes_nor_when_it_is_too_much():
    tracemalloc.start()
    try:
        for claim in (b"*1048576\r\n", b"*10\r\n$536870912\r\n"):
            CommandReader(SocketLimits()).feed(claim)
        reader = CommandReader(SocketLimits())
        reader.feed(b"*2\r\n$3\r\nSET\r\n$100000000\r\n")
        for _ in range(100):
            reader.feed(b"a" * 1_000_000)
        (refusal, following) = reader.feed(b"\r\nPING\r\n")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refusal.failure.message.startswith("argument 1 has 100000000 bytes")
    assert following == [b"PING"]
    assert peak < 5_000_000
