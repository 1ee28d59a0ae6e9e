"""Inputs of runs: what they may look like, and the variables that they become."""

import os
import subprocess
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.errors import UserError
from tisktask_common.run_inputs import (
    COUNT_MAX,
    NAME_CHARS_MAX,
    TOTAL_BYTES_MAX,
    VALUE_BYTES_MAX,
    check_inputs,
    variable_of,
)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"1st": "x"}, "'1st' is no name"),
        ({"-x": "x"}, "'-x' is no name"),
        ({"": "x"}, "'' is no name"),
        ({"a b": "x"}, "'a b' is no name"),
        ({"ä": "x"}, "is no name"),
        ({"a=b": "x"}, "is no name"),
        ({"a\n": "x"}, "is no name"),
        ({"x" * (NAME_CHARS_MAX + 1): ""}, "longer than 64 characters"),
        ({"dry-run": "", "DRY_RUN": ""}, "dry-run and DRY_RUN would be the same variable, TISKTASK_INPUT_DRY_RUN"),
        ({"x": "a\0b"}, "the value of x has a NUL"),
        ({"x": "\ud800"}, "the value of x is no text"),
        ({"x": "ä" * (VALUE_BYTES_MAX // 2 + 1)}, "the value of x has 4098 bytes; 4096 is the limit"),
        ({f"x{n}": "" for n in range(COUNT_MAX + 1)}, "51 were given; a run may have 50"),
        ({f"x{n}": "v" * VALUE_BYTES_MAX for n in range(8)}, f"{TOTAL_BYTES_MAX} is the limit"),
    ],
)
def test_what_can_not_be_a_variable_is_refused_by_its_name(inputs: dict[str, str], said: str) -> None:
    with pytest.raises(UserError) as raised:
        check_inputs(inputs)
    assert raised.value.message.startswith("inputs: ")
    assert said in raised.value.message


def test_the_limits_themselves_are_allowed() -> None:
    check_inputs({})
    check_inputs({f"x{n}": "" for n in range(COUNT_MAX)})
    check_inputs({"x" * NAME_CHARS_MAX: "v" * VALUE_BYTES_MAX, "_": "line\nline\ttab\x1b[31m"})
    assert variable_of("dry-run") == "TISKTASK_INPUT_DRY_RUN"


NAMES = st.text(ascii_letters + "_", min_size=1, max_size=1).flatmap(
    lambda first: st.text(ascii_letters + digits + "_-", max_size=20).map(lambda rest: first + rest)
)
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)


@given(st.dictionaries(NAMES, VALUES, max_size=10))
def test_what_is_taken_comes_to_a_program_as_it_is(inputs: dict[str, str]) -> None:
    try:
        check_inputs(inputs)
    except UserError as error:
        assert "the same variable" in error.message
        return
    variables = {variable_of(name): value for name, value in inputs.items()}
    assert len(variables) == len(inputs)
    assert all(name.isidentifier() and "=" not in name for name in variables)


def test_variables_survive_a_real_program() -> None:
    inputs = {"text": "two\nlines \"quoted\" 'so' $HOME ä \U0001f600", "empty": "", "dry-run": "yes"}
    variables = {variable_of(name): value for name, value in inputs.items()}
    shown = subprocess.run(["env", "-0"], env=os.environ | variables, capture_output=True, check=True).stdout
    found = dict(line.split("=", 1) for line in shown.decode().split("\0") if line)
    assert variables.items() <= found.items()
