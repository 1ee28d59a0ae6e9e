"""Runners are restarted while jobs run: the client connects again, and the repeat is known as one."""

import subprocess
import threading
import time
from pathlib import Path

import pytest

from client_program import Client
from socket_script import GREETING, HELLO_REPLY, Scene, answer, scripted_socket

VALUE = b"$5\r\nhello\r\n"


@pytest.mark.parametrize(
    "broken",
    [
        Scene(b"", after_commands=0),
        Scene(b"", after_commands=1),
        Scene(b""),
        Scene(HELLO_REPLY),
        Scene(HELLO_REPLY[:7]),
        Scene(GREETING),
        Scene(GREETING + b"$5\r"),
        Scene(GREETING + b"$5\r\nhe"),
        Scene(GREETING + b"$5\r\nhello"),
        Scene(GREETING + b"*3\r\n+a\r\n+b\r\n"),
        Scene(GREETING + b">2\r\n+message\r\n"),
        Scene(b"-LIMIT too many connections\r\n", after_commands=0),
    ],
)
def test_a_connection_that_breaks_at_any_point_is_made_again(client: Client, broken: Scene) -> None:
    with scripted_socket(client.socket_path, broken, broken, answer(VALUE)) as stage:
        run = client("LPOP", "queue")
    assert (run.status, run.output, run.errors) == (0, b"hello\n", "")
    assert stage.heard[2][1:][1] == [b"LPOP", b"queue"]


def test_all_tries_of_a_command_bear_the_same_name_and_different_commands_others(client: Client) -> None:
    with scripted_socket(
        client.socket_path, Scene(b""), Scene(GREETING), answer(b":1\r\n"), answer(b":2\r\n")
    ) as stage:
        assert client("INCR", "builds").output == b"1\n"
        assert client("INCR", "builds").output == b"2\n"
    names = [commands[1][1] for commands in stage.heard]
    assert names[0] == names[1] == names[2] != names[3]


def test_what_came_from_standard_input_is_sent_again(client: Client) -> None:
    with scripted_socket(client.socket_path, Scene(GREETING), answer(b"+OK\r\n")) as stage:
        assert client("SUMMARY", "-", given=b"# all is well").status == 0
    assert [commands[2] for commands in stage.heard] == [[b"SUMMARY", b"# all is well"]] * 2


@pytest.mark.parametrize("leaves_file", [True, False])
def test_a_socket_that_is_away_is_waited_for(client: Client, leaves_file: bool) -> None:
    if leaves_file:
        # As a killed runner leaves it: the file is there, nobody listens.
        with scripted_socket(client.socket_path):
            pass
        assert client.socket_path.is_socket()
    with subprocess.Popen(
        [client.program, "PING"], env=client.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as asking:
        # It is to have tried in vain at least once, which leaves no trace: some tries fit into this.
        with pytest.raises(subprocess.TimeoutExpired):
            asking.wait(0.2)
        with scripted_socket(client.socket_path, answer(b"+PONG\r\n")):
            output, errors = asking.communicate(timeout=20)
    assert (asking.returncode, output, errors) == (0, b"PONG\n", b"")


def test_where_no_job_is_it_does_not_wait(client: Client, tmp_path: Path) -> None:
    began = time.monotonic()
    run = Client(client.program, tmp_path / "nowhere" / "command.sock", retry_seconds=60)("PING")
    assert run.status == 3
    assert "only a job of Tisktask has this socket" in run.errors
    assert time.monotonic() - began < 30


def test_patience_ends(client: Client) -> None:
    run = Client(client.program, client.socket_path, retry_seconds=1)("PING")
    assert run.status == 3
    assert f"cannot connect to {client.socket_path}: No such file or directory" in run.errors


def test_nothing_is_tried_again_if_so_asked(client: Client) -> None:
    impatient = Client(client.program, client.socket_path, retry_seconds=0)
    with scripted_socket(client.socket_path, Scene(GREETING)) as stage:
        run = impatient("PING")
    assert run.status == 3
    assert "was lost" in run.errors
    assert len(stage.heard) == 1


def test_what_can_not_be_done_now_is_asked_again(client: Client) -> None:
    later = answer(b"-TRYAGAIN the bus is away\r\n")
    with scripted_socket(client.socket_path, later, later, answer(VALUE)) as stage:
        assert client("GET", "key").output == b"hello\n"
    assert len({commands[1][1] for commands in stage.heard}) == 1


def test_what_can_not_be_done_for_long_is_an_error(client: Client) -> None:
    impatient = Client(client.program, client.socket_path, retry_seconds=0)
    with scripted_socket(client.socket_path, answer(b"-TRYAGAIN the bus is away\r\n")):
        run = impatient("GET", "key")
    assert (run.status, run.errors) == (1, "tisktask-cmd: TRYAGAIN the bus is away\n")


def test_a_server_that_can_not_tell_repeats_is_asked_once(client: Client) -> None:
    unknowing = Scene(HELLO_REPLY + b"-ERR unknown command 'REQUESTID'\r\n")
    with scripted_socket(client.socket_path, unknowing) as stage:
        run = client("INCR", "builds")
    assert run.status == 3
    assert "may have been carried out or not" in run.errors
    assert len(stage.heard) == 1


def test_a_server_without_resp3_or_names_answers_too(client: Client) -> None:
    old = Scene(b"-NOPROTO no\r\n-ERR unknown command 'REQUESTID'\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n")
    with scripted_socket(client.socket_path, old):
        run = client("HGETALL", "key")
    assert (run.status, run.output) == (0, b"a\nb\n")


def test_a_long_reply_that_breaks_off_is_not_mended_in_silence(client: Client) -> None:
    begun = b"$9000000\r\n" + b"x" * 4_000_000
    with scripted_socket(client.socket_path, Scene(GREETING + begun)) as stage:
        run = client("JOBLOG", "job_1")
    assert run.status == 3
    assert "in the middle of a long reply" in run.errors
    assert len(stage.heard) == 1


def test_a_subscription_is_made_again_and_goes_on(client: Client) -> None:
    def message(text: bytes) -> bytes:
        return b">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$%d\r\n%b\r\n" % (len(text), text)

    scenes = [answer(message(b"one") + message(b"half")[:-4]), answer(message(b"two")), answer(b"-ERR over\r\n")]
    with scripted_socket(client.socket_path, *scenes) as stage:
        run = client("SUBSCRIBE", "news")
    assert run.output == b"one\ntwo\n"
    assert [commands[2] for commands in stage.heard] == [[b"SUBSCRIBE", b"news"]] * 3


def test_messages_arrive_while_the_subscription_goes_on(client: Client) -> None:
    said = b">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$3\r\none\r\n"
    with scripted_socket(client.socket_path, Scene(GREETING + said, stays=True)):
        listening = subprocess.Popen(
            [client.program, "SUBSCRIBE", "news"], env=client.environment(), stdout=subprocess.PIPE
        )
        with listening:
            timer = threading.Timer(20, listening.kill)
            timer.start()
            assert listening.stdout is not None
            assert listening.stdout.readline() == b"one\n"
            timer.cancel()
            listening.kill()
