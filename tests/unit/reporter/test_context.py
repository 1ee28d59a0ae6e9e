"""Names of statuses."""

from hypothesis import given
from hypothesis import strategies as st

from tisktask_reporter.context import job_context, run_context


def test_names_are_those_of_the_event_and_the_job() -> None:
    assert run_context("push") == "tisktask/push"
    assert job_context("pull_request", "opened/build") == "tisktask/pull_request/opened/build"


def test_a_long_name_is_shortened_always_in_the_same_way_and_stays_different_from_others() -> None:
    one, other = job_context("push", "x" * 300 + "1"), job_context("push", "x" * 300 + "2")
    assert len(one) == len(other) == 255
    assert one != other
    assert one == job_context("push", "x" * 300 + "1")


def test_names_that_forges_would_trim_to_one_stay_two() -> None:
    assert len({job_context("push", name) for name in ("build", "build ", "build\n", "bu\tild", "bu ild")}) == 5


@given(st.text(max_size=400))
def test_every_name_is_accepted_by_every_forge(job: str) -> None:
    name = job_context("push", job)
    assert name.startswith("tisktask/push/")
    assert len(name) <= 255
    assert name == name.strip()
    assert "\x00" not in name
