"""Jobs that start jobs and say what they do: few statuses, few posts, and never one over a final one."""

import itertools
import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge import Flavour, Forge
from reporter_events import SHA, RunStory
from tisktask_common.events import RunEvent
from tisktask_common.lifecycle import JobState, RunState

from .conftest import Site, eventually

pytestmark = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
WAITS = "passed in 2.1 s; waits for the jobs that it has started"
_names = itertools.count(1)


def _descriptions(forge: Forge, context: str) -> list[str]:
    bodies = [json.loads(exchange.body) for exchange in forge.posts]
    return [body["description"] for body in bodies if body["context"] == context]


async def test_of_two_hundred_children_only_the_run_and_their_root_have_statuses(
    site: Site, forge: Forge, story: RunStory
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter(description_seconds_min=0.1)
    await site.publish(story.created(), story.prepared(["all"]), story.job_created("all"), story.job_started("all"))
    await site.publish(story.job_finished("all", JobState.SUCCEEDED, is_concluded=False))
    for number in range(200):
        end = JobState.FAILED if number == 7 else JobState.SUCCEEDED
        await site.publish(*story.child(f"worker#{number}", end, may_fail=number == 7))
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    assert {name: one.state for name, one in shown.items()} == {
        "tisktask/push": "pending",
        "tisktask/push/all": "pending",
    }
    assert shown["tisktask/push/all"].description == WAITS
    counts = {JobState.SUCCEEDED: 200, JobState.FAILED: 1}
    await site.publish(
        story.job_concluded("all", JobState.SUCCEEDED, JobState.SUCCEEDED),
        story.finished(RunState.SUCCEEDED, jobs_by_state=counts),
    )
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    assert {name: one.state for name, one in shown.items()} == {
        "tisktask/push": "success",
        "tisktask/push/all": "success",
    }
    assert len(forge.posts) <= 5


async def test_a_child_may_have_a_status_of_its_own(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    await site.publish(*story.child("lint", JobState.FAILED, has_status=True))
    await site.settled()
    assert forge.state.shown("me/app", SHA)["tisktask/push/lint"].state == "failure"


async def test_of_a_hundred_texts_few_are_posted_and_the_last_stays(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    # Once for what is there at first, once for all that comes within the pause.
    site.start_reporter(description_seconds_min=3)
    await site.publish(story.job_started("build"))
    await site.settled()
    began = time.monotonic()
    await site.publish(*[story.job_says("build", f"{number} of 100") for number in range(1, 101)])
    await site.settled()
    descriptions = _descriptions(forge, "tisktask/push/build")
    assert descriptions[0] == "queued or running"
    assert descriptions[-1] == "100 of 100"
    assert len(descriptions) <= 2 + (time.monotonic() - began) // 3


async def test_an_end_does_not_wait_for_the_pause_of_texts(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter(description_seconds_min=3600)
    await site.publish(story.job_started("build"))
    await site.settled()
    await site.publish(story.job_says("build", "halfway"), story.job_finished("build", JobState.SUCCEEDED))
    await site.settled()
    assert _descriptions(forge, "tisktask/push/build") == ["queued or running", "passed in 2.1 s"]


async def test_a_text_that_comes_during_a_post_waits_too(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter(description_seconds_min=3600)
    await site.publish(*[story.job_says("build", str(number)) for number in range(50)])

    async def is_taken() -> bool:
        info = await site.bus.jetstream.consumer_info("EVENTS", "reporter")
        return not info.num_pending and not info.num_ack_pending and bool(_descriptions(forge, "tisktask/push/build"))

    await eventually(is_taken)
    await eventually(lambda: _is_idle(site))
    assert len(_descriptions(forge, "tisktask/push/build")) == 1
    row = await site.row()
    assert (row["description"], row["claimed_until"]) == ("49", None)


async def _is_idle(site: Site) -> bool:
    return (await site.row())["claimed_until"] is None


async def test_what_was_given_up_is_not_tried_again_for_a_new_text(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, "refused")
    site.start_reporter(description_seconds_min=0)
    await site.publish(story.job_started("build"))
    await site.settled()
    assert (await site.row())["outcome"] == "given_up"
    tried = len(forge.exchanges)
    await site.publish(*[story.job_says("build", str(number)) for number in range(10)])
    await site.settled()
    row = await site.row()
    assert (row["outcome"], row["description"]) == ("given_up", "9")
    assert len(forge.exchanges) == tried


def _talkative_run(repository_id: str, full_name: str) -> list[RunEvent]:
    story = RunStory(repository_id=repository_id, full_name=full_name)
    return [
        story.created(),
        story.job_created("all"),
        story.job_started("all"),
        *[story.job_says("all", text, title="All") for text in ("one", "two", "three")],
        story.job_finished("all", JobState.SUCCEEDED, is_concluded=False),
        *story.child("worker", JobState.FAILED),
        story.job_concluded(
            "all", JobState.SUCCEEDED, JobState.FAILED, reason="A job that it has started failed: worker."
        ),
        story.finished(RunState.FAILED),
    ]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(12)), again=st.lists(st.integers(0, 11), max_size=6))
async def test_in_whatever_order_events_come_the_conclusion_stays(
    site: Site, forge: Forge, order: list[int], again: list[int]
) -> None:
    if not site.is_reporting:
        site.start_reporter(description_seconds_min=0.05)
    number = next(_names)
    repository_id, full_name = f"repo_{number}", f"me/app{number}"
    forge.state.add_repository(full_name, commits=[SHA])
    site.know(forge, forge.state.add_token("robot"), full_name, repository_id)
    events = _talkative_run(repository_id, full_name)
    assert len(events) == 12
    for index in [*order, *again]:
        await site.publish_as_new(events[index])
    await site.settled()
    shown = forge.state.shown(full_name, SHA)
    assert set(shown) == {"tisktask/push", "tisktask/push/all"}
    assert shown["tisktask/push/all"].description == "passed; a job that it has started failed: worker"
    for context in shown:
        states = forge.state.states(full_name, SHA, context)
        assert states[-1] == "failure"
        assert "failure" not in states[:-1]
