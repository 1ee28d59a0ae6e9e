"""Events come late, twice and in any order; statuses must not go backwards."""

import itertools
import json
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge import Flavour, Forge, Hang
from reporter_events import SHA, RunStory
from tisktask_common.events import RunEvent
from tisktask_common.lifecycle import JobState, RunState

from .conftest import Site

ON_GITHUB = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
_names = itertools.count(1)


def _two_runs(repository_id: str, full_name: str) -> list[RunEvent]:
    """An old run that failed and a new one that succeeded, of one commit."""
    old = RunStory(repository_id=repository_id, full_name=full_name, number=1)
    new = RunStory(repository_id=repository_id, full_name=full_name, number=2)
    return [
        *old.whole({"build": JobState.FAILED}, RunState.FAILED),
        *new.whole({"build": JobState.SUCCEEDED, "test": JobState.SUCCEEDED}, RunState.SUCCEEDED),
    ]


def _rank(body: dict[str, str], runs: list[str]) -> tuple[int, int]:
    return runs.index(body["target_url"].rsplit("/", 1)[-1]), int(body["state"] != "pending")


@ON_GITHUB
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(23)), again=st.lists(st.integers(0, 22), max_size=8))
async def test_in_whatever_order_events_come_the_newest_state_stays(
    site: Site, forge: Forge, order: list[int], again: list[int]
) -> None:
    if not site.is_reporting:
        # Two of them, as during an upgrade.
        site.start_reporter()
        site.start_reporter()
    number = next(_names)
    repository_id, full_name = f"repo_{number}", f"me/app{number}"
    forge.state.add_repository(full_name, commits=[SHA])
    site.know(forge, forge.state.add_token("robot"), full_name, repository_id)
    events = _two_runs(repository_id, full_name)
    assert len(events) == 23
    for index in [*order, *again]:
        # Another message id: the bus must not see that it is the same event.
        await site.publish_as_new(events[index])
    await site.settled()
    shown = forge.state.shown(full_name, SHA)
    assert {name: one.state for name, one in shown.items()} == dict.fromkeys(
        ("tisktask/push", "tisktask/push/build", "tisktask/push/test"), "success"
    )
    _assert_no_step_back(forge, full_name, [events[0].run_id, events[-1].run_id])


def _assert_no_step_back(forge: Forge, full_name: str, runs: list[str]) -> None:
    posted: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for exchange in forge.posts:
        if exchange.path.startswith(f"/repos/{full_name}/"):
            body = json.loads(exchange.body)
            posted[body["context"]].append(_rank(body, runs))
    assert posted
    for ranks in posted.values():
        assert ranks == sorted(ranks)


@ON_GITHUB
async def test_the_end_waits_for_the_pending_post_that_is_under_way(site: Site, forge: Forge, story: RunStory) -> None:
    site.know(forge, forge.state.add_token("robot"))
    forge.faults.add(Hang(0.6))
    site.start_reporter()
    site.start_reporter()
    await site.publish(story.created(), story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert forge.state.shown("me/app", SHA)["tisktask/push"].state == "success"
    assert forge.state.states("me/app", SHA, "tisktask/push") in (["pending", "success"], ["success"])
