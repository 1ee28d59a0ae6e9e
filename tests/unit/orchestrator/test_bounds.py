"""Limits on text from outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.errors import UserError
from tisktask_common.events import Change, Repository, TriggerReceived
from tisktask_common.ids import RepositoryId, TriggerId
from tisktask_common.rpc import Prepared, Program
from tisktask_orchestrator.bounds import WARNINGS_MAX, bounded, bounded_prepared, bounded_trigger


def trigger(delivery: str = "d", **change: str) -> TriggerReceived:
    fields = {"event": "push", "sha": "a" * 40, "ref": "refs/heads/main"} | change
    repository = Repository(id=RepositoryId("repo_1"), forge="github", full_name="octo/demo")
    return TriggerReceived(
        trigger_id=TriggerId("trg_1"), repository=repository, delivery=delivery, change=Change.model_validate(fields)
    )


@given(st.text(max_size=50), st.integers(1, 60))
def test_bounded_text_can_be_stored_and_is_short(text: str, chars_max: int) -> None:
    cut = bounded(text, chars_max)
    assert len(cut) <= chars_max
    assert "\x00" not in cut
    cut.encode()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50))
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


def test_a_name_that_is_given_twice_is_one_program() -> None:
    programs = [Program(name="build", path="a"), Program(name="build", path="a"), Program(name="test", path="b")]
    assert [program.name for program in bounded_prepared(Prepared(programs=programs)).programs] == ["build", "test"]


def test_endless_warnings_are_cut() -> None:
    found = bounded_prepared(Prepared(programs=[], warnings=["w" * 10_000] * 1000))
    assert len(found.warnings) == WARNINGS_MAX
    assert all(len(warning) <= 2000 for warning in found.warnings)
