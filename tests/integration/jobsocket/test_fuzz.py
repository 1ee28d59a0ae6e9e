"""100,000 inputs that no client would send: the socket answers on, forgets nobody, and grows not."""

import random
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from jobsocket_process import SocketProcess, socket_process
from tisktask_common.resp import encode
from tisktask_runner.jobsocket.limits import SocketLimits
from tisktask_runner.jobsocket.reading import CommandReader, Refusal

SEED = 20_260_101
INPUTS = 100_000
WARM_UP = 20_000
GROWTH_BYTES_MAX = 12 * 1024 * 1024
REPLY_SECONDS_MAX = 20.0

NAMES = [b"PING", b"ECHO", b"SET", b"GET", b"INCR", b"MULTI", b"EXEC", b"DISCARD", b"HELLO", b"CLIENT", b"COMMAND",
         b"HELP", b"INFO", b"RESET", b"SELECT", b"AUTH", b"CONFIG", b"REQUESTID", b"TIME", b"SUBSCRIBE", b"PUBLISH",
         b"FAIL", b"QUIT", b"WAIT", b"", b"\xff\xfe", b"nope"]  # fmt: skip
WORDS = [b"", b"a", b"2", b"3", b"-1", b"GET", b"DOCS", b"INFO", b"SETNAME", b"SETINFO", b"\r\n", b"\0", b"*1\r\n",
         b"$5", b"99999999999999999999", b'"', b"'", b"\\x", "ü".encode(), b"COUNT", b"AUTH", b"default"]  # fmt: skip


def a_command(chance: random.Random) -> bytes:
    arguments = [chance.choice(NAMES), *(chance.choice(WORDS) for _ in range(chance.randrange(4)))]
    return encode(list(arguments), 2)


def a_line(chance: random.Random) -> bytes:
    return b" ".join([chance.choice(NAMES), *(chance.choice(WORDS) for _ in range(chance.randrange(4)))]) + b"\r\n"


def a_spoilt_command(chance: random.Random) -> bytes:
    data = bytearray(a_command(chance))
    for _ in range(chance.randrange(1, 4)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def a_cut_command(chance: random.Random) -> bytes:
    data = a_command(chance)
    return data[chance.randrange(len(data)) :] + data[: chance.randrange(len(data))]


def noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 60))


def a_claim(chance: random.Random) -> bytes:
    """Claim to be long, or nested, and say little of it."""
    number = chance.choice([-(2**63), -2, -1, 0, 1, 10_001, 2**20, 2**20 + 1, 2**31, 2**32, 4 * 10**9, 10**30])
    sign = chance.choice(
        [b"*", b"$", b"%", b"~", b">", b":", b"*2\r\n*", b"*3\r\n$3\r\nSET\r\n$", b"*1\r\n" * 50 + b"*"]
    )
    return b"%b%d\r\n%b" % (sign, number, chance.choice([b"", b"a", b"$1\r\na\r\n"]))


def a_flood(chance: random.Random) -> bytes:
    return a_line(chance) * chance.randrange(2, 60)


def a_lump(chance: random.Random) -> bytes:
    size = chance.choice([65_535, 65_536, 262_144, 262_145])
    return chance.choice([b"%b\r\n" % (b"x" * size), b"*2\r\n$4\r\nECHO\r\n$%d\r\n%b\r\n" % (size, b"x" * size)])


KINDS: list[tuple[Callable[[random.Random], bytes], int]] = [
    (a_command, 40), (a_line, 25), (a_spoilt_command, 12), (a_cut_command, 8), (noise, 8), (a_claim, 6), (a_flood, 1),
]  # fmt: skip


@pytest.fixture
def served(tmp_path: Path):
    with socket_process(tmp_path / "s") as process:
        yield process


@pytest.mark.timeout(180)
def test_a_hundred_thousand_strange_inputs_leave_no_trace(served: SocketProcess):
    chance = random.Random(SEED)
    said = 0
    warm: int | None = None
    while said < INPUTS:
        said += converse(served.path, chance)
        if warm is None and said >= WARM_UP:
            warm = served.resident_bytes
    grown = served.resident_bytes - (warm or 0)
    print(f"{said} inputs; memory {served.resident_bytes / 1e6:.0f} MB, grown by {grown / 1e6:.1f} MB")
    assert grown < GROWTH_BYTES_MAX
    assert answers(served.path)
    assert connected_clients(served.path) == 1


def converse(path: Path, chance: random.Random) -> int:
    """Say some things on one connection, some of them cut in two; go away in one of several ways.

    Returns how many of them are read: what is no protocol at all ends the connection.
    """
    count = chance.randrange(1, 30)
    kinds = chance.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS], k=count)
    inputs = [kind(chance) for kind in kinds]
    if chance.random() < 0.02:
        inputs.append(a_lump(chance))
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(REPLY_SECONDS_MAX)
        client.connect(str(path))
        data = b"".join(inputs)
        edge = chance.randrange(len(data))
        try:
            client.sendall(data[:edge])
            client.sendall(data[edge:])
        except (BrokenPipeError, ConnectionResetError):
            # It was told off; what it was told is there to be read still.
            pass
        if chance.random() < 0.8:
            read_to_end(client, hangs=b"WAIT" in data.upper())
    return count_read(inputs)


def count_read(inputs: list[bytes]) -> int:
    reader = CommandReader(SocketLimits())
    for count, said in enumerate(inputs, 1):
        for request in reader.feed(said):
            if isinstance(request, Refusal):
                if request.is_last:
                    return count
            elif request[0].upper() == b"QUIT":
                return count
    return len(inputs)


def read_to_end(client: socket.socket, *, hangs: bool) -> None:
    """Every connection ends: whoever says nothing more is not kept, unless it waits for a reply."""
    try:
        client.shutdown(socket.SHUT_WR)
        if hangs:
            return
        while client.recv(65536):
            pass
    except (ConnectionResetError, OSError) as error:
        # What was not read when the server closed makes the kernel say this after the replies.
        if isinstance(error, TimeoutError):
            raise


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(REPLY_SECONDS_MAX)
        client.connect(str(path))
        client.sendall(b"PING\r\n")
        return client.recv(100) == b"+PONG\r\n"


def connected_clients(path: Path) -> int:
    """Count them, when those that have just gone are forgotten."""
    for _ in range(100):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(REPLY_SECONDS_MAX)
            client.connect(str(path))
            client.sendall(b"INFO clients\r\n")
            found = client.recv(1000).split(b"connected_clients:")
            if len(found) == 2 and (count := int(found[1])) == 1:
                return count
            # The hang-up of half-closed ones is looked for once a second.
            client.settimeout(0.05)
            try:
                client.recv(1)
            except TimeoutError:
                continue
    return -1
