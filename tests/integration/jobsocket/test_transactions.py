"""MULTI and EXEC, and what becomes of commands that fail."""

import pytest


async def test_a_transaction_travels_as_one_and_says_each_reply(toy, connect):
    client = await connect()
    client.say(b"MULTI\r\nINCR n\r\nPING\r\nSET s x\r\nPUBLISH c x\r\nINCR s\r\nEXEC\r\n")
    await client.hear(b"+OK\r\n" + b"+QUEUED\r\n" * 5)
    await client.hear(b"*5\r\n:1\r\n+PONG\r\n+OK\r\n:0\r\n-ERR value is not an integer or out of range\r\n")
    assert toy.batches == [3]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (b"MULTI\r\nEXEC\r\n", [b"+OK", b"*0"]),
        (b"EXEC\r\n", [b"-ERR EXEC without MULTI"]),
        (b"DISCARD\r\n", [b"-ERR DISCARD without MULTI"]),
        (b"MULTI\r\nMULTI\r\nEXEC\r\n", [b"+OK", b"-ERR MULTI calls can not be nested", b"*0"]),
        (b"MULTI\r\nINCR n\r\nDISCARD\r\nGET n\r\n", [b"+OK", b"+QUEUED", b"+OK", b"$-1"]),
        (
            b"MULTI\r\nINCR n\r\nNOPE\r\nINCR n\r\nEXEC\r\nGET n\r\n",
            [b"+OK", b"+QUEUED", b"-ERR unknown command 'NOPE'", b"+QUEUED", b"-EXECABORT Transaction discarded", b"$-1"],
        ),
        (b"MULTI\r\nINCR\r\nEXEC\r\n", [b"+OK", b"-ERR wrong number of arguments for 'incr' command", b"-EXECABORT"]),
        (b"MULTI\r\nWAIT a\r\nEXEC\r\n", [b"+OK", b"-ERR WAIT can not stand between MULTI and EXEC", b"-EXECABORT"]),
        (b"WATCH n\r\nUNWATCH\r\n", [b"-ERR WATCH is not supported", b"+OK"]),
        (b"MULTI\r\nSET a %b\r\n" % (b"x" * 900) + b"SET a %b\r\n" % (b"x" * 900) * 3 + b"EXEC\r\n",
         [b"+OK", b"+QUEUED", b"+QUEUED", b"+QUEUED", b"-LIMIT more than 3000 bytes", b"-EXECABORT"]),
    ],
)  # fmt: skip
async def test_transactions_fail_as_with_redis(connect, said, heard):
    client = await connect()
    client.say(said)
    for expected in heard:
        line = await client.line()
        assert line.startswith(expected), line


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (b"FAIL NOTFOUND\r\n", b"-NOTFOUND because it was asked to"),
        (b"FAIL\r\n", b"-ERR internal error: the runner's log tells more"),
        (b"icr n\r\n", b"-ERR unknown command 'icr', with args beginning with: 'n' ; did you mean INCR?"),
        (b"INCR a b\r\n", b"-ERR wrong number of arguments for 'incr' command"),
        (
            b"*1\r\n$4\r\n\xff\x00\r\n\r\n",
            b"-ERR unknown command '\\xff\\x00\\r\\n', with args beginning with:  ; HELP lists the commands",
        ),
    ],
)
async def test_an_error_is_a_reply_and_the_connection_lives_on(connect, said, heard):
    client = await connect()
    client.say(said + b"PING\r\n")
    assert await client.line() == heard
    await client.hear(b"+PONG\r\n")
