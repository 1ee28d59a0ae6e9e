"""Arguments of the other commands."""

import pytest

from tisktask_runner.attempt.environment import with_client_on_path
from tisktask_runner.image.explain import explain_shell
from tisktask_runner.jobsocket.arguments import Takes, only_options, prose, whole_number
from tisktask_runner.jobsocket.command import CommandError
from tisktask_runner.jobsocket.commands.data_table import IMMEDIATE, WAITING
from tisktask_runner.jobsocket.commands.job_waits import read_wait
from tisktask_runner.jobsocket.commands.locks import lock_name


def said(action) -> str:
    with pytest.raises(CommandError) as caught:
        action()
    return f"{caught.value.failure.code} {caught.value.failure.message}"


def test_waiting_takes_ids_and_then_a_time():
    assert read_wait([b"job_1", b"job_2"]) == (["job_1", "job_2"], None)
    assert read_wait([b"job_1", b"timeout", b"0.5"]) == (["job_1"], 0.5)
    assert read_wait([b"job_1", b"TIMEOUT", b"0"]) == (["job_1"], None)


def test_a_time_that_is_none_is_refused():
    assert said(lambda: read_wait([b"job_1", b"TIMEOUT", b"x"])).startswith("ERR TIMEOUT is a number of seconds")
    assert said(lambda: read_wait([b"job_1", b"TIMEOUT"])) == "ERR TIMEOUT needs a value behind it"


def test_where_only_options_may_stand_other_words_are_refused():
    options = {"TTL": Takes.VALUE, "WAIT": Takes.VALUE}
    assert only_options(options, [b"wait", b"3", b"TTL", b"9"]) == {"WAIT": ["3"], "TTL": ["9"]}
    assert (
        said(lambda: only_options(options, [b"for", b"3"])) == "ERR 'for' was not expected here; there may be TTL, WAIT"
    )


@pytest.mark.parametrize("value", ["", "-1", "1.5", "0", "10001", "\N{SUPERSCRIPT TWO}", "9" * 5000])
def test_lines_are_whole_numbers_within_bounds(value: str):
    assert said(lambda: whole_number(value, "TAIL", 1, 10_000)).startswith("ERR TAIL is a whole number from 1 to 10000")


def test_texts_for_people_are_never_refused():
    assert prose(b"a\0b\xffc") == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"


def test_a_locks_name_is_a_text():
    assert lock_name("déploy 1".encode()) == "déploy 1"
    assert said(lambda: lock_name(b" ")) == "ERR the lock's name must not be empty"
    assert said(lambda: lock_name(b"x" * 201)) == "ERR the lock's name must not be longer than 200 characters"


def test_the_client_comes_behind_what_the_image_has():
    assert with_client_on_path({"A": "1"}, {"PATH": "/opt/bin"}) == {"A": "1", "PATH": "/opt/bin:/run/tisktask/bin"}
    assert with_client_on_path({}, {})["PATH"].endswith("/usr/bin:/sbin:/bin:/run/tisktask/bin")
    assert with_client_on_path({"PATH": "/mine"}, {"PATH": "/opt/bin"})["PATH"] == "/mine:/run/tisktask/bin"


def test_a_command_line_that_could_not_run_is_explained():
    assert explain_shell("alpine", 127, has_started=False) == (
        "SHELL needs /bin/sh, which the image alpine does not have: name a program instead."
    )
    assert "a command in it was not found in the image alpine" in (explain_shell("alpine", 127, has_started=True) or "")
    assert explain_shell("alpine", 126, has_started=True) is None


def test_every_data_command_is_described():
    rows = [*IMMEDIATE, *WAITING]
    assert len({row.name for row in rows}) == len(rows)
    assert all(row.summary.endswith(".") and row.arity for row in rows)
