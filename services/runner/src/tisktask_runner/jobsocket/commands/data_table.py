"""The commands on the run's data, as they are told to people and clients. What they do, the orchestrator knows."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataRow:
    """One command on the run's data."""

    name: str
    #: As in Redis: the number of words with the name; negative: at least so many.
    arity: int
    syntax: str
    summary: str
    example: str = ""


_TIMES = "seconds [NX|XX|GT|LT]"

KEYS = (
    DataRow("DEL", -2, "key [key ...]", "Delete keys; replies how many there were.", "DEL queue"),
    DataRow("UNLINK", -2, "key [key ...]", "Delete keys; the same as DEL."),
    DataRow("EXISTS", -2, "key [key ...]", "Count those of the keys that exist."),
    DataRow("TYPE", 2, "key", "Tell the kind of a key: string, list, hash or none."),
    DataRow("KEYS", 2, "pattern", "List the keys that match a pattern.", "KEYS shard:*"),
    DataRow("SCAN", -2, "cursor [MATCH pattern] [COUNT count] [TYPE type]", "Go along the keys, some at a time."),
    DataRow("DBSIZE", 1, "", "Count the keys of the run."),
    DataRow("EXPIRE", -3, f"key {_TIMES}", "Let a key disappear after so many seconds.", "EXPIRE version 3600"),
    DataRow("PEXPIRE", -3, "key milliseconds [NX|XX|GT|LT]", "Let a key disappear after so many milliseconds."),
    DataRow("EXPIREAT", -3, f"key unix-time-{_TIMES}", "Let a key disappear at a time."),
    DataRow("PEXPIREAT", -3, "key unix-time-milliseconds [NX|XX|GT|LT]", "Let a key disappear at a time."),
    DataRow("TTL", 2, "key", "Tell in how many seconds a key disappears; -1: never; -2: no such key."),
    DataRow("PTTL", 2, "key", "Tell in how many milliseconds a key disappears."),
    DataRow("EXPIRETIME", 2, "key", "Tell the time in seconds at which a key disappears."),
    DataRow("PEXPIRETIME", 2, "key", "Tell the time in milliseconds at which a key disappears."),
    DataRow("PERSIST", 2, "key", "Let a key not disappear any more."),
)

STRINGS = (
    DataRow(
        "SET",
        -3,
        "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT time|PXAT time|KEEPTTL]",
        "Set a key to a text.",
        "SET version 1.4.2 EX 3600",
    ),
    DataRow("GET", 2, "key", "Get the text of a key.", "GET version"),
    DataRow("GETDEL", 2, "key", "Get the text of a key and delete it."),
    DataRow("GETSET", 3, "key value", "Set a key and reply what it was."),
    DataRow("SETNX", 3, "key value", "Set a key if there is none; replies 1 if so.", "SETNX leader $TISKTASK_JOB_ID"),
    DataRow("SETEX", 4, "key seconds value", "Set a key for so many seconds."),
    DataRow("PSETEX", 4, "key milliseconds value", "Set a key for so many milliseconds."),
    DataRow("MGET", -2, "key [key ...]", "Get the texts of several keys."),
    DataRow("MSET", -3, "key value [key value ...]", "Set several keys."),
    DataRow("MSETNX", -3, "key value [key value ...]", "Set several keys if there is none of them."),
    DataRow("APPEND", 3, "key value", "Append to the text of a key; replies its length."),
    DataRow("STRLEN", 2, "key", "Tell the length of a key's text."),
    DataRow("INCR", 2, "key", "Add one to a number; replies the new one.", "INCR builds"),
    DataRow("DECR", 2, "key", "Subtract one from a number."),
    DataRow("INCRBY", 3, "key increment", "Add to a number."),
    DataRow("DECRBY", 3, "key decrement", "Subtract from a number."),
    DataRow("INCRBYFLOAT", 3, "key increment", "Add to a number with a fraction."),
)

HASHES = (
    DataRow("HSET", -4, "key field value [field value ...]", "Set fields of a hash.", "HSET result linux passed"),
    DataRow("HMSET", -4, "key field value [field value ...]", "Set fields of a hash; replies OK."),
    DataRow("HSETNX", 4, "key field value", "Set a field of a hash if there is none."),
    DataRow("HGET", 3, "key field", "Get a field of a hash.", "HGET result linux"),
    DataRow("HMGET", -3, "key field [field ...]", "Get several fields of a hash."),
    DataRow("HGETALL", 2, "key", "Get all fields of a hash, with their values."),
    DataRow("HDEL", -3, "key field [field ...]", "Delete fields of a hash."),
    DataRow("HEXISTS", 3, "key field", "Tell whether a hash has a field."),
    DataRow("HLEN", 2, "key", "Count the fields of a hash."),
    DataRow("HSTRLEN", 3, "key field", "Tell the length of a field's value."),
    DataRow("HKEYS", 2, "key", "List the fields of a hash."),
    DataRow("HVALS", 2, "key", "List the values of a hash."),
    DataRow("HINCRBY", 4, "key field increment", "Add to a number in a hash.", "HINCRBY totals failed 1"),
    DataRow("HINCRBYFLOAT", 4, "key field increment", "Add to a number with a fraction in a hash."),
)

LISTS = (
    DataRow("RPUSH", -3, "key item [item ...]", "Append to a list; replies its length.", "RPUSH queue a b c"),
    DataRow("LPUSH", -3, "key item [item ...]", "Put items before a list, one after the other."),
    DataRow("RPUSHX", -3, "key item [item ...]", "Append to a list if it exists."),
    DataRow("LPUSHX", -3, "key item [item ...]", "Put items before a list if it exists."),
    DataRow("LPOP", -2, "key [count]", "Take the first item of a list, or so many.", "LPOP queue"),
    DataRow("RPOP", -2, "key [count]", "Take the last item of a list, or so many."),
    DataRow("LMOVE", 5, "source target LEFT|RIGHT LEFT|RIGHT", "Move an item from one list to another."),
    DataRow("RPOPLPUSH", 3, "source target", "Move the last item of a list before another."),
    DataRow("LLEN", 2, "key", "Count the items of a list."),
    DataRow("LRANGE", 4, "key start stop", "List items of a list; -1 is the last.", "LRANGE queue 0 -1"),
    DataRow("LINDEX", 3, "key index", "Get one item of a list."),
    DataRow("LSET", 4, "key index item", "Replace one item of a list."),
    DataRow("LREM", 4, "key count item", "Remove items that equal one: the first so many, or 0 for all."),
    DataRow("LTRIM", 4, "key start stop", "Keep only these items of a list."),
)

#: They wait here, on the runner, until something is pushed.
WAITING = (
    DataRow("BLPOP", -3, "key [key ...] timeout", "Take the first item of a list, and wait for one.", "BLPOP queue 5"),
    DataRow("BRPOP", -3, "key [key ...] timeout", "Take the last item of a list, and wait for one."),
)

IMMEDIATE = (*KEYS, *STRINGS, *HASHES, *LISTS)
