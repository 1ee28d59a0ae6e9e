"""Commands that are said again because their connection broke."""

import pytest

from tisktask_runner.jobsocket.command import CommandError, Session
from tisktask_runner.jobsocket.repeats import Repeats

WORDS = [b"push/lint", b"--all"]


def exec_job(repeats, session, words=WORDS):
    return repeats.naming(session, "EXECJOB", words)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answered"


def test_what_was_answered_is_another_request_when_it_is_said_again(path):
    repeats, names = Repeats(1, path), []
    for _ in range(3):
        with exec_job(repeats, Session(1)) as name:
            names.append(name)
    assert len(set(names)) == 3


def test_what_was_not_answered_is_the_same_request_when_it_is_said_again(path):
    repeats, session = Repeats(1, path), Session(1)
    with exec_job(repeats, session) as first:
        session.let_go()
        # The repeat comes before the first is cancelled.
        with exec_job(repeats, Session(2)) as again:
            assert again == first
    with exec_job(repeats, Session(3)) as later:
        assert later != first


def test_equal_commands_at_the_same_time_are_different_requests(path):
    repeats = Repeats(1, path)
    with exec_job(repeats, Session(1)) as one, exec_job(repeats, Session(2)) as other:
        assert one != other


def test_the_next_process_knows_what_was_answered(path):
    repeats = Repeats(1, path)
    with exec_job(repeats, Session(1)) as answered:
        pass
    with exec_job(repeats, Session(2)) as unanswered, exec_job(Repeats(1, path), Session(1)) as again:
        assert again == unanswered != answered


@pytest.mark.parametrize(("code", "is_same"), [("TRYAGAIN", True), ("CANCELLED", False)])
def test_an_error_is_an_answer_but_for_try_again(path, code, is_same):
    repeats = Repeats(1, path)
    with pytest.raises(CommandError), exec_job(repeats, Session(1)) as first:
        raise CommandError(code, "it is so")
    with exec_job(repeats, Session(1)) as again:
        assert (again == first) is is_same


def test_other_words_and_other_attempts_are_other_requests(path):
    repeats = Repeats(1, path)
    with (
        exec_job(repeats, Session(1)) as first,
        exec_job(repeats, Session(1), [b"push/lint", b"--al", b"l"]) as other_words,
        exec_job(Repeats(2, path), Session(1)) as other_attempt,
    ):
        assert len({first, other_words, other_attempt}) == 3


def test_a_client_that_names_its_request_is_taken_at_its_word(path):
    session = Session(1, request_id="mine")
    with exec_job(Repeats(1, path), session) as name:
        assert name == "mine"
    assert not path.exists()


def test_a_damaged_line_is_passed_over(path):
    path.write_text("abc 0\nabc")
    with exec_job(Repeats(1, path), Session(1)) as name:
        assert name.endswith(".0")
