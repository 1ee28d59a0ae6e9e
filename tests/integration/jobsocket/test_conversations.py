"""What goes on on a connection: order, waiting, limits, ends."""

import asyncio
import socket

import pytest

from jobsocket_client import SECONDS_MAX, until


async def test_pipelined_commands_are_answered_in_their_order(toy, connect):
    client = await connect()
    client.say(b"PING\r\nWAIT one\r\nINCR a\r\nPING two\r\nINCR a\r\nGET a\r\n")
    await client.hear(b"+PONG\r\n")
    await until(lambda: toy.waiting)
    toy.release.set()
    await client.hear(b"$3\r\none\r\n:1\r\n$3\r\ntwo\r\n:2\r\n$1\r\n2\r\n")


async def test_a_slow_command_does_not_hinder_reading_nor_other_connections(toy, connect):
    slow, other = await connect(), await connect()
    slow.say(b"WAIT a\r\n")
    await until(lambda: toy.waiting)
    slow.say(b"INCR n\r\n" * 20)
    other.say(b"PING\r\n")
    await other.hear(b"+PONG\r\n")
    toy.release.set()
    await slow.hear(b"$1\r\na\r\n" + b"".join(b":%d\r\n" % n for n in range(1, 21)))
    assert toy.batches == [20]


async def test_data_commands_that_follow_one_another_travel_together_but_not_without_bounds(toy, connect):
    client = await connect()
    client.say(b"WAIT a\r\n" + b"INCR n\r\n" * 40 + b"PING\r\n")
    await until(lambda: toy.waiting)
    toy.release.set()
    await client.hear(b"$1\r\na\r\n" + b"".join(b":%d\r\n" % n for n in range(1, 41)) + b"+PONG\r\n")
    assert toy.batches == [40]


async def test_a_command_with_a_request_id_travels_alone(toy, connect):
    client = await connect()
    client.say(b"INCR n\r\nREQUESTID x\r\nINCR n\r\nINCR n\r\nINCR n\r\n")
    await client.hear(b":1\r\n+OK\r\n:2\r\n:3\r\n:4\r\n")
    assert toy.batches == [1, 1, 2]


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_client_that_is_gone_cancels_the_command_that_it_waited_for(toy, connect, is_first):
    client = await connect()
    client.say(b"WAIT a\r\n" if is_first else b"INCR a\r\nWAIT a\r\nINCR a\r\n")
    await until(lambda: toy.waiting)
    client.hang_up()
    await until(lambda: toy.cancelled)
    assert toy.values.get(b"a") in (None, b"1")


async def test_a_client_that_is_gone_is_noticed_while_nothing_is_read_from_it(toy, connect):
    client = await connect()
    client.say(b"WAIT a\r\n" + b"PING\r\n" * 500)
    await until(lambda: toy.waiting)
    client.hang_up()
    await until(lambda: toy.cancelled)


async def test_a_client_that_says_nothing_more_hears_its_replies(toy, connect):
    client = await connect()
    client.say(b"WAIT a\r\nINCR n\r\n")
    client.writer.write_eof()
    await until(lambda: toy.waiting)
    await asyncio.sleep(0)
    toy.release.set()
    assert await client.end() == b"$1\r\na\r\n:1\r\n"


async def test_a_client_that_says_nothing_more_and_then_goes_cancels_its_command(toy, connect):
    client = await connect()
    client.say(b"WAIT a\r\n")
    client.writer.write_eof()
    await until(lambda: toy.waiting)
    client.hang_up()
    await until(lambda: toy.cancelled)


async def test_too_many_waiting_commands_stop_the_reading_and_none_is_lost(toy, connect):
    client = await connect()
    client.say(b"WAIT a\r\n" + b"INCR n\r\n" * 100_000)
    await until(lambda: toy.waiting)
    # What is not read fills the socket, and then the client.
    await until(lambda: client.writer.transport.get_write_buffer_size() > 0)
    held = client.writer.transport.get_write_buffer_size()
    assert held > 100_000
    toy.release.set()
    await client.hear(b"$1\r\na\r\n" + b"".join(b":%d\r\n" % n for n in range(1, 100_001)))


async def test_a_client_that_does_not_read_its_replies_is_disconnected(server, tmp_path):
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, str(tmp_path / "s"))
        client.send(b"BLOB 90000\r\n" * 40)
        await until(lambda: len(server._connections) == 1)
        await until(lambda: not server._connections)


async def test_a_listener_that_does_not_read_is_disconnected_and_others_hear_on(connect):
    sleeper, listener, speaker = await connect(), await connect(), await connect()
    for client in (sleeper, listener):
        client.say(b"SUBSCRIBE c\r\n")
        await client.hear(b"*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n")
    sleeper.reader._transport.pause_reading()
    text = b"x" * 900
    for _ in range(2000):
        speaker.say(b"PUBLISH c %b\r\n" % text)
        count = await speaker.line()
        await listener.hear(b"*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$900\r\n%b\r\n" % text)
        if count == b":1":
            break
    assert count == b":1"


async def test_too_many_connections_are_turned_away(server, connect, limits):
    clients = [await connect() for _ in range(limits.connections)]
    for client in clients:
        client.say(b"PING\r\n")
        await client.hear(b"+PONG\r\n")
    assert (await (await connect()).end()).startswith(b"-ERR max number of clients reached")
    clients[0].hang_up()
    await until(lambda: len(server._connections) == limits.connections - 1)
    client = await connect()
    client.say(b"PING\r\n")
    await client.hear(b"+PONG\r\n")


async def test_a_command_that_is_too_large_is_refused_and_the_connection_goes_on(connect):
    client = await connect()
    client.say(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2000\r\n" + b"x" * 2000 + b"\r\nPING\r\n")
    assert (await client.line()).startswith(b"-LIMIT argument 2 has 2000 bytes, at most 1000 are allowed")
    await client.hear(b"+PONG\r\n")


async def test_a_protocol_error_is_said_and_ends_the_connection_after_what_came_before(toy, connect):
    client = await connect()
    client.say(b"WAIT a\r\nINCR n\r\n*1\r\n$x\r\nINCR n\r\n")
    await until(lambda: toy.waiting)
    toy.release.set()
    assert await client.end() == b"$1\r\na\r\n:1\r\n-ERR Protocol error: invalid bulk length\r\n"


@pytest.mark.parametrize("before", [b"", b"WAIT a\r\n"])
async def test_quit_ends_the_connection_after_its_reply(toy, connect, before):
    toy.release.set()
    client = await connect()
    client.say(before + b"QUIT\r\nINCR n\r\n")
    assert (await client.end()).endswith(b"+OK\r\n")
    assert not toy.values


async def test_who_is_subscribed_may_do_little_with_resp2_and_all_with_resp3(connect):
    client = await connect()
    client.say(b"SUBSCRIBE a b\r\nINCR n\r\nPING\r\nRESET\r\nINCR n\r\n")
    await client.hear(b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n")
    assert (await client.line()).startswith(b"-ERR Can't execute 'incr'")
    await client.hear(b"*2\r\n$4\r\npong\r\n$0\r\n\r\n+RESET\r\n:1\r\n")
    client.say(b"HELLO 3\r\n")
    assert await client.line() == b"%7"
    await client.hear(b"$6\r\nserver\r\n$8\r\ntisktask\r\n$7\r\nversion\r\n")
    async with asyncio.timeout(SECONDS_MAX):
        await client.reader.readuntil(b"modules\r\n*0\r\n")
    client.say(b"SUBSCRIBE a\r\nINCR n\r\n")
    await client.hear(b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n:2\r\n")


async def test_closing_cancels_what_is_under_way_and_leaves_no_task(toy, server, connect):
    waiting, idle = await connect(), await connect()
    waiting.say(b"WAIT a\r\n")
    idle.say(b"PING\r\n")
    await idle.hear(b"+PONG\r\n")
    await until(lambda: toy.waiting)
    await server.close()
    assert (toy.waiting, toy.cancelled) == (0, 1)
    assert await waiting.end() == await idle.end() == b""
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("socket-")]
