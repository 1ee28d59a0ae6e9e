"""The parser of replies, fed with what no server should say."""

import random
import re
import struct
import subprocess
from pathlib import Path

import pytest

from client_program import SOURCE, compile_sanitized

PARSER = ["connection.c", "head.c", "output.c", "reader.c", "reply.c"]
CASES = 40_000
SEED = random.SystemRandom().randrange(2**32)
#: What the protocol is made of, so that not all ends at the first byte.
PIECES = [
    *(bytes([kind]) for kind in b"+-:$*_#,(!=%~>|?"),
    *(b"0\r\n", b"1\r\n", b"2\r\n", b"3\r\n", b"-1\r\n", b"\r\n", b"\n", b"9223372036854775807\r\n", b"-0\r\n"),
    *(b"$7\r\nmessage\r\n", b"$8\r\npmessage\r\n", b"$3\r\nabc\r\n", b":12\r\n", b"_\r\n", b"#t\r\n", b"+OK\r\n"),
    *(
        b">3\r\n",
        b"%1\r\n",
        b"|1\r\n",
        b"*2\r\n",
        b"=5\r\ntxt:a\r\n",
        b"=2\r\nab\r\n",
        b"!3\r\nERR\r\n",
        b"\0",
        b"\xff",
    ),
]


def test_no_bytes_harm_the_parser(tmp_path: Path) -> None:
    sources = [*(SOURCE / name for name in PARSER), Path(__file__).with_name("fuzz_replies.c")]
    program = compile_sanitized(tmp_path / "fuzz", sources)
    if program is None:
        pytest.skip("this machine's compiler has no sanitizers")
    chance = random.Random(SEED)
    (tmp_path / "cases").write_bytes(b"".join(map(_framed, [*map(make_case, [chance] * CASES), *DEEP])))
    done = subprocess.run([program, tmp_path / "cases"], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, f"seed {SEED}: {done.stderr[-3000:]}"
    cases, replies, dropped, garbled = map(int, re.findall(r"\d+", done.stdout))
    assert cases == CASES + len(DEEP)
    assert dropped + garbled == cases
    # Some of all kinds, or the cases are too simple.
    assert min(replies, dropped, garbled) > 1000


#: Nested without end, in each way that values nest.
DEEP = [
    head * 10_000 for head in (b"*1\r\n", b">1\r\n", b"|1\r\n", b"%1\r\n", b"*2\r\n>1\r\n", b"|1\r\n*1\r\n", b"~1\r\n")
]


def make_case(chance: random.Random) -> bytes:
    if chance.random() < 0.2:
        return chance.randbytes(chance.randrange(64))
    case = bytearray(b"".join(chance.choices(PIECES, k=chance.randrange(1, 24))))
    if chance.random() < 0.3:
        case[chance.randrange(len(case))] = chance.randrange(256)
    return bytes(case)


def _framed(case: bytes) -> bytes:
    # The program takes up to 64 KiB at once.
    return struct.pack("<I", len(case[:65536])) + case[:65536]
