"""What shells get to see: the forms of output, and exit codes."""

from pathlib import Path

import pytest

from client_program import Client
from socket_script import GREETING, Scene, answer, scripted_socket


@pytest.mark.parametrize(
    ("reply", "status", "output"),
    [
        (b"+OK\r\n", 0, b"OK\n"),
        (b"$5\r\nhe\nlo\r\n", 0, b"he\nlo\n"),
        (b"$0\r\n\r\n", 0, b"\n"),
        (b":42\r\n", 0, b"42\n"),
        (b":-7\r\n", 0, b"-7\n"),
        (b",1.5\r\n", 0, b"1.5\n"),
        (b"#t\r\n", 0, b"1\n"),
        (b"(123456789012345678901234567890\r\n", 0, b"123456789012345678901234567890\n"),
        (b"=7\r\ntxt:yes\r\n", 0, b"yes\n"),
        (b"_\r\n", 4, b""),
        (b"$-1\r\n", 4, b""),
        (b"*-1\r\n", 4, b""),
        (b"*0\r\n", 0, b""),
        (b"*3\r\n$1\r\na\r\n:2\r\n_\r\n", 0, b"a\n2\n\n"),
        (b"~2\r\n+a\r\n+b\r\n", 0, b"a\nb\n"),
        (b"*2\r\n*2\r\n+a\r\n:1\r\n*3\r\n+b\r\n_\r\n%1\r\n+k\r\n+v\r\n", 0, b"a\t1\nb\t\tk\tv\n"),
        (b"%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n:2\r\n:3\r\n", 0, b"a\t1\nb\t2\t3\n"),
        (b"*2\r\n+fine\r\n-ERR not fine\r\n", 1, b"fine\nERR not fine\n"),
        (b">2\r\n+message\r\n+unasked\r\n+OK\r\n", 0, b"OK\n"),
        (b"|1\r\n+ttl\r\n:3600\r\n+OK\r\n", 0, b"OK\n"),
    ],
)
def test_a_reply_is_written_for_shells(client: Client, reply: bytes, status: int, output: bytes) -> None:
    with scripted_socket(client.socket_path, answer(reply)):
        run = client("ANYTHING")
    assert (run.status, run.output, run.errors) == (status, output, "")


@pytest.mark.parametrize(
    "reply", [b"-NOTFOUND no program .tisktask/push/lint\r\n", b"!39\r\nNOTFOUND no program .tisktask/push/lint\r\n"]
)
def test_an_error_goes_to_standard_error(client: Client, reply: bytes) -> None:
    with scripted_socket(client.socket_path, answer(reply)):
        run = client("SPAWNJOB", "push/lint")
    assert (run.status, run.output) == (1, b"")
    assert run.errors == "tisktask-cmd: NOTFOUND no program .tisktask/push/lint\n"


@pytest.mark.parametrize(("exit_code", "status"), [(0, 0), (1, 1), (7, 7), (255, 255), (256, 255), (-1, 255)])
def test_the_exit_code_of_a_job_that_was_executed_is_its_own(client: Client, exit_code: int, status: int) -> None:
    with scripted_socket(client.socket_path, answer(b":%d\r\n" % exit_code)):
        run = client("execjob", "push/lint")
    assert (run.status, run.output, run.errors) == (status, b"", "")


def test_a_job_without_an_exit_code_is_an_error(client: Client) -> None:
    with scripted_socket(client.socket_path, answer(b"-CANCELLED the run was cancelled\r\n")):
        run = client("EXECJOB", "push/lint")
    assert (run.status, run.errors) == (1, "tisktask-cmd: CANCELLED the run was cancelled\n")


def test_a_value_has_no_line_end_if_none_is_wanted(client: Client) -> None:
    with scripted_socket(client.socket_path, answer(b"$2\r\nab\r\n"), answer(b":1\r\n")):
        assert client("-n", "GET", "key").output == b"ab"
        assert client("-n", "INCR", "key").output == b"1"


def test_the_command_comes_after_what_makes_it_safe_to_repeat(client: Client) -> None:
    with scripted_socket(client.socket_path, answer(b"+OK\r\n")) as stage:
        client("SET", "clé", "")
    hello, name, command = stage.heard[0]
    assert hello == [b"HELLO", b"3"]
    assert name[0] == b"REQUESTID"
    assert len(name[1]) == 32
    assert command == [b"SET", "clé".encode(), b""]


@pytest.mark.parametrize("words", [("SUMMARY", "-"), ("-x", "SUMMARY")])
def test_the_last_argument_is_read_from_standard_input(client: Client, words: tuple[str, ...]) -> None:
    report = bytes(range(256)) * 10_000
    with scripted_socket(client.socket_path, answer(b"+OK\r\n")) as stage:
        assert client(*words, given=report).status == 0
    assert stage.heard[0][2] == [b"SUMMARY", report]


def test_a_dash_means_itself_behind_two_dashes(client: Client) -> None:
    with scripted_socket(client.socket_path, answer(b"+OK\r\n")) as stage:
        client("--", "SET", "key", "-", given=b"not this")
    assert stage.heard[0][2] == [b"SET", b"key", b"-"]


def test_a_long_reply_passes_through(client: Client) -> None:
    log = b"0123456789abcdef" * 500_000
    with scripted_socket(client.socket_path, answer(b"$%d\r\n%b\r\n" % (len(log), log))):
        assert client("JOBLOG", "job_1").output == log + b"\n"


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("SUBSCRIBE", "news"), b"one\nt\two\n"),
        (("SUBSCRIBE", "news", "more"), b"news\tone\nnews\tt\two\n"),
        (("PSUBSCRIBE", "n*"), b"news\tone\nnews\tt\two\n"),
    ],
)
def test_messages_are_printed_until_an_error(client: Client, words: tuple[str, ...], output: bytes) -> None:
    pattern = b"$2\r\nn*\r\n" if words[0] == "PSUBSCRIBE" else b""
    kind = b"$8\r\npmessage\r\n" if pattern else b"$7\r\nmessage\r\n"
    head = b">%d\r\n%b%b$4\r\nnews\r\n" % (4 if pattern else 3, kind, pattern)
    said = [
        b">3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n",
        head + b"$3\r\none\r\n",
        head + b"$4\r\nt\two\r\n",
        b"-ERR over\r\n",
    ]
    with scripted_socket(client.socket_path, answer(b"".join(said))):
        run = client(*words)
    assert (run.status, run.output, run.errors) == (1, output, "tisktask-cmd: ERR over\n")


@pytest.mark.parametrize(("words", "status"), [((), 2), (("--nonsense", "PING"), 2), (("",), 2), (("--help",), 0)])
def test_usage_is_told(client: Client, words: tuple[str, ...], status: int) -> None:
    run = client(*words)
    assert run.status == status
    assert b"usage: tisktask-cmd" in (run.output if status == 0 else run.errors.encode())


def test_a_setting_that_makes_no_sense_is_refused(client: Client, tmp_path: Path) -> None:
    run = Client(client.program, tmp_path / "absent.sock", retry_seconds=-1)("PING")
    assert run.status == 2
    assert "from 0 to 86400, not -1" in run.errors


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400 Bad Request\r\n", b"$5\r\nabcdefg\r\n", b"*x\r\n", b"+OK\n", b"\r\n"]
)
def test_what_is_not_the_protocol_ends_it(client: Client, garbage: bytes) -> None:
    with scripted_socket(client.socket_path, Scene(GREETING + garbage)):
        run = client("PING")
    assert run.status == 1
    assert run.output == b""
    assert "does not speak the Redis protocol" in run.errors
