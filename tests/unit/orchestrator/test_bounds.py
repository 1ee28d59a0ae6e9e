"""Limits on text from outside."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.errors import UserError
from tisktask_common.events import Change, Repository, RunPrepared, TriggerReceived
from tisktask_common.ids import RepositoryId, RunId, TriggerId
from tisktask_common.lifecycle import RunState
from tisktask_common.rpc import Prepared, Program
from tisktask_common.subjects import MESSAGE_BYTES_MAX
from tisktask_orchestrator.bounds import WARNINGS_MAX, bounded, bounded_prepared, bounded_trigger, unusable_names


def trigger(delivery: str = "d", **change: str | int) -> TriggerReceived:
    fields = {"event": "push", "sha": "a" * 40, "ref": "refs/heads/main"} | change
    repository = Repository(id=RepositoryId("repo_1"), forge="github", full_name="octo/demo")
    return TriggerReceived(
        trigger_id=TriggerId("trg_1"), repository=repository, delivery=delivery, change=Change.model_validate(fields)
    )


@given(st.text(max_size=50), st.integers(1, 60))
def test_bounded_text_can_be_stored_and_is_short(text: str, chars_max: int) -> None:
    cut = bounded(text, chars_max)
    assert len(cut) <= chars_max
    assert not any(unicodedata.category(letter) == "Cc" for letter in cut if letter not in "\t\n")
    cut.encode()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50))
def test_short_clean_text_stays_as_it_is(text: str) -> None:
    assert bounded(text, 50) == text


def test_a_long_title_is_cut() -> None:
    change = bounded_trigger(trigger(title="x" * 1000)).change
    assert len(change.title) == 300
    assert change.title.endswith("…")


@pytest.mark.parametrize("field", ["ref", "event", "sha", "branch"])
def test_what_has_a_meaning_is_refused_not_cut(field: str) -> None:
    for text in ("x" * 1000, "a\x00b"):
        with pytest.raises(UserError, match=field):
            bounded_trigger(trigger(**{field: text}))


@pytest.mark.parametrize("number", [-1, 10**30])
def test_a_number_that_the_views_can_not_show_is_refused(number: int) -> None:
    with pytest.raises(UserError, match="pull_request"):
        bounded_trigger(trigger(pull_request=number))


def test_the_largest_events_fit_into_a_message() -> None:
    worst = "\N{GRINNING FACE}"
    names = [f"{number:03}" + worst * 197 for number in range(400)]
    programs = [Program(name=name, path=name) for name in names]
    found = bounded_prepared(Prepared(programs=programs, warnings=[worst * 1000] * 1000))
    assert unusable_names(found.programs) == []
    change = bounded_trigger(trigger(title=worst * 1000, ref=worst * 512, branch=worst * 512)).change
    repository = Repository(id=RepositoryId("repo_1"), forge="github", full_name="o" * 100 + "/" + "d" * 99)
    event = RunPrepared(
        run_id=RunId("run_1"),
        number=1,
        revision=1,
        repository=repository,
        change=change,
        state=RunState.RUNNING,
        jobs=[program.name for program in found.programs],
        warnings=found.warnings,
    )
    assert len(event.model_dump_json().encode()) <= MESSAGE_BYTES_MAX


def test_a_name_that_is_given_twice_is_one_program() -> None:
    programs = [Program(name="build", path="a"), Program(name="build", path="a"), Program(name="test", path="b")]
    assert [program.name for program in bounded_prepared(Prepared(programs=programs)).programs] == ["build", "test"]


def test_endless_warnings_are_cut() -> None:
    found = bounded_prepared(Prepared(programs=[], warnings=["w" * 10_000] * 1000))
    assert len(found.warnings) == WARNINGS_MAX
    assert all(len(warning) <= 500 for warning in found.warnings)
