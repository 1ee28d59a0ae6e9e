"""What a job may ask for when it starts another."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from orchestrator_stage import make_settings
from tisktask_common.errors import UserError
from tisktask_common.ids import JobId
from tisktask_common.job_requests import SpawnJob
from tisktask_common.rpc import Program
from tisktask_orchestrator.commands.spawn_rules import check_spawn, read_environment, unique_name

NAMES = st.text("ab#12", min_size=1, max_size=4)


@given(st.lists(NAMES, max_size=40))
def test_names_are_unique_whatever_is_asked_for(asked: list[str]) -> None:
    taken: list[str] = []
    for name in asked:
        unique = unique_name(name, taken)
        assert unique not in taken
        assert unique == name or unique.startswith(f"{name}#")
        taken.append(unique)


def test_a_name_that_is_free_stays_and_the_smallest_free_number_is_taken() -> None:
    assert unique_name("lint", ["lint#2"]) == "lint"
    assert unique_name("lint", ["lint", "lint#3"]) == "lint#2"
    assert unique_name("lint", ["lint", "lint#2", "lint#3"]) == "lint#4"


def request(program: dict[str, Any] | None = None, **fields: Any) -> SpawnJob:
    return SpawnJob(
        **{
            "job_id": JobId("job_1"),
            "attempt": 1,
            "runner": "host",
            "request_id": "r",
            "program": Program(**({"name": "lint", "path": ".tisktask/push/lint"} | (program or {}))),
        }
        | fields
    )


SETTINGS = make_settings("", "", spawn_bytes_max=2000, job_seconds_max=600)


@pytest.mark.parametrize(
    "fine",
    [
        request(),
        request({"path": "", "shell": "make test | tee log"}),
        request({"arguments": ["", "two\nlines", "ünïcödé"]}),
        request({"image": "docker.io/library/alpine:3"}),
        request(labels=["gpu", "arm64", "zone-a.b_c-1"], key="shard 1", seconds_max=600),
    ],
)
def test_what_can_be_carried_out_is_accepted(fine: SpawnJob) -> None:
    check_spawn(fine, SETTINGS)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (request({"name": ""}), "NAME: a job's name has 1 to 200"),
        (request({"name": "x" * 201}), "NAME: a job's name has 1 to 200"),
        (request({"name": "a\nb"}), "NAME: a job's name"),
        (request({"path": ""}), "a program's path or, with SHELL"),
        (request({"shell": ""}), "a program's path or, with SHELL"),
        (request({"path": "a\0b"}), "program: "),
        (request({"arguments": ["\0"]}), "arguments: "),
        (request({"arguments": ["x" * 2000]}), "longer than 2000 bytes"),
        (request({"image": "x" * 600}), "IMAGE: "),
        (request(key=""), "KEY: "),
        (request(key="k" * 201), "KEY: "),
        (request(labels=["has space"]), "LABEL: 'has space' is no label"),
        # No runner can have it: it would wait for ever.
        (request(labels=["GPU"]), "LABEL: 'GPU' is no label"),
        (request(labels=[""]), "LABEL: '' is no label"),
        (request(labels=[f"l{n}" for n in range(33)]), "LABEL: at most 32"),
        (request(seconds_max=0), "TIMEOUT: at least 1 second, and at most the 600"),
        (request(seconds_max=601), "TIMEOUT: at least 1 second, and at most the 600"),
    ],
)
def test_what_can_not_be_carried_out_is_refused_with_its_name(wrong: SpawnJob, said: str) -> None:
    with pytest.raises(UserError) as refused:
        check_spawn(wrong, SETTINGS)
    assert said in refused.value.message


def environment(variables: Any, bytes_max: int = 1000) -> Any:
    found = read_environment(SecretStr(json.dumps(variables)), bytes_max)
    return found and json.loads(found.get_secret_value())


VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
VARIABLES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True).filter(
    lambda name: name != "CI" and not name.startswith("TISKTASK_")
)


@given(st.dictionaries(VARIABLES, VALUES, max_size=5))
def test_variables_come_through_as_they_are(variables: dict[str, str]) -> None:
    assert environment(variables, 100_000) == (variables or None)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ([], "a JSON object of texts"),
        ({"A": 1}, "a JSON object of texts"),
        ({"1A": "geheim"}, "ENV: '1A' is no name"),
        ({"A=B": "geheim"}, "ENV: 'A=B' is no name"),
        ({"": "geheim"}, "ENV: '' is no name"),
        ({"CI": "geheim"}, "ENV: CI is set by Tisktask itself"),
        ({"TISKTASK_JOB_ID": "geheim"}, "ENV: TISKTASK_JOB_ID is set by Tisktask itself"),
        ({"A": "geheim\0"}, "ENV: the value of A can not be used"),
        ({"A": "geheim\ud800"}, "ENV: the value of A can not be used"),
        ({"A": "geheim" * 200}, "ENV: the variables are longer than 1000 bytes"),
    ],
)
def test_wrong_variables_are_refused_without_their_values(variables: Any, said: str) -> None:
    with pytest.raises(UserError) as refused:
        environment(variables)
    assert said in refused.value.message
    assert "geheim" not in refused.value.message


def test_what_is_no_json_is_refused_without_being_shown() -> None:
    with pytest.raises(UserError) as refused:
        read_environment(SecretStr("geheim"), 1000)
    assert refused.value.__cause__ is None
    assert "geheim" not in refused.value.message
