"""What becomes of the lines that processes write."""

import io
import json

from tisktask_cli.stack.journal import LINE_BYTES_MAX, Journal, LinePump, read_line, render


def written(form: str, *chunks: bytes, ends: bool = True) -> list[str]:
    stream = io.StringIO()
    pump = LinePump(Journal(form, stream), "svc")  # pyright: ignore[reportArgumentType]
    for chunk in chunks:
        pump.data_received(chunk)
    if ends:
        pump.connection_lost(None)
    return stream.getvalue().splitlines()


def test_json_of_a_service_keeps_its_fields_and_is_named_after_its_program() -> None:
    (line,) = written("json", b'{"event": "job_started", "level": "info", "job": "j1", "service": "runner"}\n')
    record = json.loads(line)
    assert (record["event"], record["job"], record["service"]) == ("job_started", "j1", "svc")


def test_broken_json_is_passed_on_as_words() -> None:
    (line,) = written("json", b'{"event": "half\n')
    assert json.loads(line)["event"] == '{"event": "half'


def test_json_that_is_no_object_is_passed_on_as_words() -> None:
    assert json.loads(written("json", b"[1, 2]\n")[0])["event"] == "[1, 2]"


def test_deeply_nested_json_does_not_break_the_pump() -> None:
    (line,) = written("json", b'{"a":' * 12_000 + b"\n")
    assert json.loads(line)["service"] == "svc"


def test_a_line_in_pieces_is_one_line() -> None:
    assert len(written("json", b'{"event": "a', b'", "level": "info"}', b"\n")) == 1


def test_the_last_line_needs_no_line_break() -> None:
    assert json.loads(written("json", b"last words")[0])["event"] == "last words"


def test_a_line_without_end_is_cut_and_nothing_of_it_is_lost() -> None:
    text = b"x" * (2 * LINE_BYTES_MAX + 5)
    events = [json.loads(line)["event"] for line in written("json", text)]
    assert "".join(events).encode() == text
    assert all(len(event) <= LINE_BYTES_MAX for event in events)


def test_bytes_that_are_no_text_do_not_break_the_pump() -> None:
    assert json.loads(written("json", b"\xff\xfe\x00\n")[0])["event"].startswith("\ufffd")


def test_levels_of_the_servers_are_understood() -> None:
    nats = read_line("nats", b"[7] 2026/01/31 12:00:00.000001 [ERR] Address already in use")
    assert (nats["level"], nats["event"]) == ("error", "Address already in use")
    postgres = read_line("postgres", b"2026-01-31 12:00:00.001 UTC [7] FATAL:  no room")
    assert (postgres["level"], postgres["event"]) == ("error", "no room")


def test_what_could_move_the_cursor_is_taken_away() -> None:
    line = render(read_line("svc", b"red \x1b[31m alert \r\x07"), colours=False)
    assert "\x1b" not in line
    assert "\r" not in line


def test_an_exception_is_shown_below_its_line() -> None:
    record = {"timestamp": "2026-01-31T12:00:00Z", "level": "error", "service": "s", "event": "e", "exception": "a\nb"}
    assert render(record, colours=False).endswith("\n    a\n    b")


def test_a_reader_that_went_away_does_not_stop_the_stack() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    journal = Journal("text", Gone())
    journal.say("one")
    journal.say("two")
