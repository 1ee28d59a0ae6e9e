"""What a program may say behind SPAWNJOB and EXECJOB, and what it is told when that is not right."""

import pytest

from tisktask_common.rpc import Policy
from tisktask_runner.jobsocket.command import CommandError
from tisktask_runner.jobsocket.spawn_order import SpawnOrder, read_spawn_order


def read(*words: str | bytes) -> SpawnOrder:
    return read_spawn_order("SPAWNJOB", [word if isinstance(word, bytes) else word.encode() for word in words])


def refusal(*words: str | bytes) -> str:
    with pytest.raises(CommandError) as caught:
        read(*words)
    assert caught.value.failure.code == "ERR"
    return caught.value.failure.message


def test_a_program_alone_is_enough():
    order = read("push/lint")
    assert (order.program, order.name, order.arguments, order.shell) == ("push/lint", "lint", [], None)
    assert (order.has_status, order.may_fail, order.is_detached) == (False, False, False)
    assert (order.environment, order.labels, order.seconds_max, order.key) == ({}, [], None, None)


def test_what_follows_the_program_is_its_own_also_if_it_looks_like_an_option():
    assert read("push/lint", "NAME", "x", "--all").arguments == ["NAME", "x", "--all"]


def test_options_come_in_any_order_and_in_small_letters_too():
    order = read(
        *("ALLOWFAIL", "env", "A=1", "KEY", "k", "LABEL", "gpu", "Name", "unit tests", "TIMEOUT", "1.5"),
        *("DETACH", "ENV", "B=x=y", "STATUS", "ON", "LABEL", "arm64", "IMAGE", "docker.io/library/alpine:3", "test"),
    )
    assert order == SpawnOrder(
        name="unit tests",
        program="test",
        arguments=[],
        shell=None,
        environment={"A": "1", "B": "x=y"},
        image="docker.io/library/alpine:3",
        build_file=None,
        labels=["gpu", "arm64"],
        seconds_max=2,
        retries=None,
        ends=None,
        key="k",
        has_status=True,
        may_fail=True,
        is_detached=True,
    )


def test_a_command_line_is_all_that_follows_shell():
    order = read("ALLOWFAIL", "SHELL", "env", "NAME=x", "make", "lint")
    assert (order.shell, order.name, order.program) == ("env NAME=x make lint", "env", "")


@pytest.mark.parametrize(
    ("line", "name"),
    [("make test", "make"), ("/usr/bin/make", "make"), ("/", "shell"), ("\x1b[1m", "shell"), ("  sleep 3", "sleep")],
)
def test_a_command_line_is_named_by_its_first_word(line: str, name: str):
    assert read("SHELL", line).name == name


def test_an_empty_variable_is_one():
    assert read("ENV", "EMPTY=", "test").environment == {"EMPTY": ""}


OWN = Policy(retries=2, on_lost=True, on_codes=[75], seconds_max=60, labels=["gpu"])


@pytest.mark.parametrize(
    ("words", "own", "said"),
    [
        ((), OWN, OWN),
        (("RETRIES", "5"), OWN, OWN.model_copy(update={"retries": 5})),
        (("RETRIES", "0"), OWN, OWN.model_copy(update={"retries": 0})),
        (("ON", "3"), OWN, OWN.model_copy(update={"on_lost": False, "on_codes": [3]})),
        (("ON", "lost,3,3"), Policy(), Policy(retries=1, on_lost=True, on_codes=[3])),
        (("RETRIES", "0", "ON", "3"), OWN, OWN.model_copy(update={"retries": 0, "on_lost": False, "on_codes": [3]})),
        (("RETRIES", "1"), Policy(), Policy(retries=1)),
        (("TIMEOUT", "5", "LABEL", "arm64"), OWN, OWN.model_copy(update={"seconds_max": 5, "labels": ["arm64"]})),
    ],
)
def test_each_option_takes_the_place_of_the_same_setting_of_the_header_comment(
    words: tuple[str, ...], own: Policy, said: Policy
):
    assert read(*words, "push/lint").policy_over(own) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no program: behind the options comes the path of one"),
        (["NAME", "x"], "as in SPAWNJOB NAME lint push/lint"),
        (["SHELL"], "no program"),
        (["SHELL", "  "], "no program"),
        (["NAME"], "NAME needs a value behind it"),
        (["NAME", "a", "NAME", "b", "test"], "NAME was given twice"),
        (["NAME", " ", "test"], "NAME must not be empty"),
        (["NAME", "a\nb", "test"], "NAME must not contain control characters"),
        (["NAME", "x" * 101, "test"], "NAME must not be longer than 100 characters"),
        (["ENV", "A", "test"], "ENV is NAME=value, not 'A'"),
        (["ENV", "=A", "test"], "ENV is NAME=value, not ''"),
        (["ENV", "TISKTASK_RUN_ID=1", "test"], "ENV can not set TISKTASK_RUN_ID"),
        (["TIMEOUT", "soon", "test"], "TIMEOUT is a number of seconds from 0 to 31622400, not 'soon'"),
        (["TIMEOUT", "-1", "test"], "TIMEOUT is a number of seconds"),
        (["TIMEOUT", "nan", "test"], "TIMEOUT is a number of seconds"),
        (["RETRIES", "11", "test"], "RETRIES is a whole number from 0 to 10, not '11'"),
        (["RETRIES", "twice", "test"], "RETRIES is a whole number from 0 to 10, not 'twice'"),
        (["RETRIES", "1", "RETRIES", "2", "test"], "RETRIES was given twice"),
        (["ON", "0", "test"], "ON is lost and exit codes from 1 to 255 with commas between, like lost,75; not '0'"),
        (["ON", "lost,,75", "test"], "like lost,75; not ''"),
        (["ON"], "ON needs a value behind it"),
        (["STATUS", "maybe", "test"], "STATUS is on or off, not 'maybe'"),
        (["IMAGE", "oci:/etc", "test"], "'oci:/etc' is not the name of an image"),
        (["IMAGE", "4fa6e0f0c678", "test"], "'4fa6e0f0c678' is not the name of an image"),
        (["IMAGE", "tisktask/0a1b", "test"], "tisktask/0a1b is an image that was built for jobs here"),
        (["IMAGE", "localhost/tisktask/0a1b", "test"], "is an image that was built for jobs here"),
        (["IMAGE", "alpine", "BUILDFILE", "b", "test"], "IMAGE and BUILDFILE exclude each other"),
        (["test", "a\0b"], "an argument is a text in UTF-8 without NUL bytes"),
        ([b"\xff"], "an argument is a text in UTF-8"),
        (["test", "x" * 131_072], "an argument must not be longer than 131071 characters"),
    ],
)
def test_what_is_not_right_is_said(words: list[str | bytes], said: str):
    assert said in refusal(*words)


def test_a_secret_is_not_repeated_in_an_error():
    """People forget the name: what is behind `=` is never shown."""
    assert "hunter2" not in refusal("ENV", "=hunter2", "test")
