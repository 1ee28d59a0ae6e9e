"""Random commands on strings, hashes and lists that a real redis-server answers in one way only.

Few keys, fields and values, so that commands meet each other's; numbers at the edges; words that are wrong. What keeps
a reply from being told beforehand is left out: times that pass, orders that nobody promises.
"""

from hypothesis import strategies as st

Words = list[bytes]

#: A time that does not come while a test runs, as EXPIREAT and PEXPIREAT take it.
FAR_SECONDS = 4_102_444_800

keys = st.sampled_from([b"a", b"b", b"c", b"key:1", b"\x00\xff\r\n"])
fields = st.sampled_from([b"f", b"g", b"field two", b"", b"\xfe"])
numbers = st.one_of(
    st.integers(-12, 12),
    st.sampled_from([2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 2**62, 10**30]),
).map(lambda number: str(number).encode())
wrong_numbers = st.sampled_from([b"", b" 1", b"1 ", b"+1", b"01", b"-0", b"1.0", b"x", b"0x10", b"1e3", b"--1"])
floats = st.one_of(
    st.decimals(-10000, 10000, places=4).map(lambda number: str(number).encode()),
    st.sampled_from(
        [b"1e3", b"-1.5E-3", b".5", b"5.", b"0", b"-0", b"1e20", b"inf", b"nan", b"1e", b"", b" 1", b"3.0e3"]
    ),
)
values = st.one_of(
    st.sampled_from([b"", b"x", b"yy", b"z" * 70, b"\x00\x01\xff", b"10", b"3.25"]), numbers, wrong_numbers
)
indexes = st.one_of(st.integers(-6, 6).map(lambda number: str(number).encode()), numbers, wrong_numbers)
#: Mostly far away, so that nothing expires between the two servers' clocks.
deadlines = st.sampled_from(
    [FAR_SECONDS, FAR_SECONDS + 1, FAR_SECONDS + 7, 1, 0, -1, 2**62, 2**63 - 1, -(2**63), 10**30]
)
long_spans = st.sampled_from([b"100000", b"99999999", b"0", b"-1", b"x", b"9223372036854775807"])


def _many(strategy: st.SearchStrategy[bytes], least: int = 1, most: int = 4) -> st.SearchStrategy[Words]:
    return st.lists(strategy, min_size=least, max_size=most)


def _command(*parts: st.SearchStrategy[bytes] | st.SearchStrategy[Words] | bytes) -> st.SearchStrategy[Words]:
    """Join words and lists of words to a command."""
    strategies = [st.just(part) if isinstance(part, bytes) else part for part in parts]

    def join(said: tuple[bytes | Words, ...]) -> Words:
        return _joined([part if isinstance(part, list) else [part] for part in said])

    return st.tuples(*strategies).map(join)


def _at(unit_ms: int) -> st.SearchStrategy[bytes]:
    return deadlines.map(lambda time: str(time * unit_ms if abs(time) < 2**40 else time).encode())


def _joined(parts: list[Words]) -> Words:
    return [word for part in parts for word in part]


def _any_case(name: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from([name, name.lower(), name.capitalize()])


expire_options = st.lists(st.sampled_from([b"NX", b"XX", b"GT", b"LT", b"gt", b"nope"]), max_size=2)
set_options = st.lists(
    st.one_of(
        st.sampled_from([[b"NX"], [b"XX"], [b"GET"], [b"KEEPTTL"], [b"nx"], [b"EX"], [b"nope"]]),
        _command(b"EXAT", _at(1)),
        _command(b"pxat", _at(1000)),
        _command(b"EX", long_spans),
        _command(b"PX", long_spans),
    ),
    max_size=3,
).map(_joined)
pairs = st.lists(st.tuples(fields, values).map(list), min_size=1, max_size=4).map(_joined)
key_pairs = st.lists(st.tuples(keys, values).map(list), min_size=1, max_size=3).map(_joined)
ends = st.sampled_from([b"LEFT", b"RIGHT", b"left", b"UP"])
timeouts = st.sampled_from([b"0.001", b"-1", b"x", b"0.001"])
patterns = st.sampled_from(
    [b"*", b"a", b"?", b"key:*", b"[a-c]", b"[^a]", b"\\a", b"*1", b"k*y*", b"[", b"**", b"[z-a]"]
)

on_keys = st.one_of(
    _command(st.sampled_from([b"DEL", b"UNLINK", b"EXISTS"]), _many(keys)),
    _command(b"TYPE", keys),
    _command(st.sampled_from([b"EXPIREAT", b"expireat"]), keys, _at(1), expire_options),
    _command(b"PEXPIREAT", keys, _at(1000), expire_options),
    _command(b"EXPIRE", keys, st.sampled_from([b"0", b"-1", b"x", b"9223372036854775807", b"-9223372036854775808"])),
    _command(b"PEXPIRE", keys, st.sampled_from([b"0", b"-1", b"x", b"9223372036854775807", b"-9223372036854775808"])),
    _command(st.sampled_from([b"EXPIRETIME", b"PEXPIRETIME", b"PERSIST"]), keys),
    _command(b"KEYS", patterns),
)
on_strings = st.one_of(
    _command(_any_case(b"SET"), keys, values, set_options),
    _command(st.sampled_from([b"GET", b"GETDEL", b"STRLEN", b"INCR", b"DECR"]), keys),
    _command(st.sampled_from([b"GETSET", b"SETNX", b"APPEND"]), keys, values),
    _command(st.sampled_from([b"INCRBY", b"DECRBY"]), keys, st.one_of(numbers, wrong_numbers)),
    _command(b"INCRBYFLOAT", keys, floats),
    _command(st.sampled_from([b"SETEX", b"PSETEX"]), keys, long_spans, values),
    _command(b"MGET", _many(keys)),
    _command(st.sampled_from([b"MSET", b"MSETNX"]), key_pairs, st.lists(keys, max_size=1)),
)
on_hashes = st.one_of(
    _command(st.sampled_from([b"HSET", b"HSET", b"HMSET"]), keys, pairs, st.lists(fields, max_size=1)),
    _command(b"HSETNX", keys, fields, values),
    _command(st.sampled_from([b"HGET", b"HEXISTS", b"HSTRLEN"]), keys, fields),
    _command(st.sampled_from([b"HMGET", b"HDEL"]), keys, _many(fields)),
    _command(st.sampled_from([b"HGETALL", b"HLEN", b"HKEYS", b"HVALS"]), keys),
    _command(b"HINCRBY", keys, fields, st.one_of(numbers, wrong_numbers)),
    _command(b"HINCRBYFLOAT", keys, fields, floats),
)
on_lists = st.one_of(
    _command(st.sampled_from([b"RPUSH", b"LPUSH"]), keys, _many(values)),
    _command(st.sampled_from([b"RPUSHX", b"LPUSHX"]), keys, _many(values)),
    _command(st.sampled_from([b"LPOP", b"RPOP"]), keys, st.lists(indexes, max_size=2)),
    _command(st.sampled_from([b"BLPOP", b"BRPOP"]), _many(keys, 1, 2), timeouts),
    _command(b"LLEN", keys),
    _command(st.sampled_from([b"LRANGE", b"LTRIM"]), keys, indexes, indexes),
    _command(b"LINDEX", keys, indexes),
    _command(b"LSET", keys, indexes, values),
    _command(b"LREM", keys, indexes, values),
    _command(b"LMOVE", keys, keys, ends, ends),
    _command(b"RPOPLPUSH", keys, keys),
)
_names = [
    b"GET", b"SET", b"DEL", b"EXPIRE", b"TTL", b"INCR", b"INCRBY", b"MSET", b"APPEND", b"TYPE", b"KEYS", b"HSET", b"HGET",
    b"HGETALL", b"HDEL", b"HINCRBY", b"RPUSH", b"LPOP", b"BLPOP", b"LRANGE", b"LSET", b"LREM", b"LTRIM", b"LMOVE", b"HMGET",
]  # fmt: skip
#: Too few words, mostly.
malformed = _command(st.sampled_from(_names), st.lists(keys, max_size=2)).filter(
    # These wait, or are right: with a key for a timeout, too.
    lambda words: words[0] != b"BLPOP" or len(words) < 3
)

commands = st.one_of(on_keys, on_strings, on_hashes, on_lists, on_lists, malformed)


def is_unordered(words: Words) -> bool:
    """Tell whether the reply is an array in an order that nobody promises."""
    return words[0].upper() == b"KEYS"


def tells_time(words: Words) -> bool:
    """Tell whether the reply may be a time that was counted from the clock: two servers' differ a little."""
    return words[0].upper() in {b"EXPIRETIME", b"PEXPIRETIME"}
