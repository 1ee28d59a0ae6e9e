"""What people see on the forge while a run goes on."""

from forge import Forge
from reporter_events import SHA, RunStory
from tisktask_common.lifecycle import JobState, RunState

from .conftest import Site

BOTH_KNOW = {
    RunState.SUCCEEDED: "success",
    RunState.FAILED: "failure",
    RunState.TIMED_OUT: "failure",
    RunState.ERRORED: "error",
    RunState.CANCELLED: "error",
}


async def test_a_run_and_its_jobs_are_shown_pending_then_at_their_end(
    site: Site, forge: Forge, story: RunStory
) -> None:
    site.know(forge, forge.state.add_token("robot"))
    site.start_reporter()
    events = story.whole({"build": JobState.SUCCEEDED, "test": JobState.FAILED}, RunState.FAILED)
    *before, build, test, run = events
    await site.publish(*before)
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    assert {name: one.state for name, one in shown.items()} == dict.fromkeys(
        ("tisktask/push", "tisktask/push/build", "tisktask/push/test"), "pending"
    )
    await site.publish(build, test, run)
    await site.settled()
    shown = forge.state.shown("me/app", SHA)
    assert {name: one.state for name, one in shown.items()} == {
        "tisktask/push": "failure",
        "tisktask/push/build": "success",
        "tisktask/push/test": "failure",
    }
    assert shown["tisktask/push"].description == "1 of 2 jobs passed in 41 s"
    assert shown["tisktask/push/build"].description == "passed in 2.1 s"
    assert {one.target_url for one in shown.values()} == {f"https://ci.example.com/runs/{story.run_id}"}
    assert len(forge.posts) == 6
