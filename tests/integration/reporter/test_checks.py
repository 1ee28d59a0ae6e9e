"""Repositories with an App show checks: with summaries and annotations, never beside a status of the same name."""

import json

import pytest

from app_keys import app_keys
from forge import Drop, Flavour, Forge, Hang, Reply
from forge.checks import CheckRun
from reporter_events import SHA, RunStory
from reporter_records import SaidRecords
from tisktask_common.lifecycle import JobState, RunState

from .conftest import Site

pytestmark = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
PRIVATE, PUBLIC = app_keys()


@pytest.fixture
def said(site: Site, forge: Forge) -> SaidRecords:
    """A forge that knows the App, and what the jobs of a run have said."""
    forge.state.add_app("1234", PUBLIC)
    return site.know_app(forge, PRIVATE)


def _checks(forge: Forge) -> dict[str, CheckRun]:
    return {one.name: one for one in forge.state.repository("me/app").checks}


def _job(story: RunStory, name: str = "build") -> str:
    return story.job_created(name).job_id


async def test_a_run_and_its_jobs_are_checks_and_no_statuses(
    site: Site, forge: Forge, story: RunStory, said: SaidRecords
) -> None:
    site.start_reporter()
    await site.publish(story.created(), story.job_created("build"))
    await site.settled()
    checks = _checks(forge)
    assert {name: one.status for name, one in checks.items()} == dict.fromkeys(
        ("tisktask/push", "tisktask/push/build"), "in_progress"
    )
    await site.publish(
        story.job_finished("build", JobState.FAILED, exit_code=3),
        story.finished(RunState.FAILED, jobs_by_state={JobState.FAILED: 1}),
    )
    await site.settled()
    assert {name: one.history for name, one in checks.items()} == {name: ["in_progress", "failure"] for name in checks}
    build = checks["tisktask/push/build"]
    assert (build.title, build.external_id) == ("failed with exit code 3 after 2.1 s", _job(story))
    assert build.details_url == f"https://ci.example.com/runs/{story.run_id}"
    assert checks["tisktask/push"].external_id == story.run_id
    assert forge.state.repository("me/app").statuses == []


async def test_every_end_has_its_conclusion(site: Site, forge: Forge, story: RunStory, said: SaidRecords) -> None:
    site.start_reporter()
    ends = {
        JobState.SUCCEEDED: "success",
        JobState.FAILED: "failure",
        JobState.TIMED_OUT: "timed_out",
        JobState.ERRORED: "failure",
        JobState.CANCELLED: "cancelled",
        JobState.SKIPPED: "skipped",
    }
    await site.publish(*[story.job_finished(end.value, end) for end in ends])
    await site.settled()
    shown = {name.rsplit("/", 1)[1]: one.conclusion for name, one in _checks(forge).items()}
    assert shown == {end.value: conclusion for end, conclusion in ends.items()}


async def test_a_job_shows_its_summary_and_all_its_annotations(
    site: Site, forge: Forge, story: RunStory, said: SaidRecords
) -> None:
    job = _job(story)
    said.insert("jobs", id=job, run_id=story.run_id, name="build", state="failed", summary="# Coverage\n\n81 %")
    for line in range(1, 124):
        values = {"level": "error", "file": "/workspace/src/a.py", "line": line, "text": f"wrong {line}"}
        said.insert("annotations", run_id=story.run_id, job_id=job, **values)
    said.insert("annotations", run_id=story.run_id, job_id=job, level="warning", text="slow\ntoday")
    said.insert("annotations", run_id=story.run_id, job_id="job_other", level="error", file="b.py", text="not mine")
    site.start_reporter()
    await site.publish(story.job_finished("build", JobState.FAILED))
    await site.settled()
    (check,) = _checks(forge).values()
    assert "# Coverage\n\n81 %" in check.summary
    assert "> **Warning** slow\n> today" in check.summary
    assert [one["start_line"] for one in check.annotations] == list(range(1, 124))
    assert check.annotations[0] == {
        "path": "src/a.py",
        "start_line": 1,
        "end_line": 1,
        "annotation_level": "failure",
        "message": "wrong 1",
    }
    sizes = [len(json.loads(one.body)["output"]["annotations"]) for one in forge.exchanges if "check-runs" in one.path]
    assert sizes == [50, 50, 23]


async def test_annotations_are_told_once_also_when_an_answer_is_lost(
    site: Site, forge: Forge, story: RunStory, said: SaidRecords
) -> None:
    job = _job(story)
    said.insert("jobs", id=job, run_id=story.run_id, name="build", state="failed")
    for line in range(1, 61):
        said.insert("annotations", run_id=story.run_id, job_id=job, file="a.py", line=line, text="x")
    # The first makes the check, but its answer is lost; the second is refused for a moment.
    forge.faults.add(Drop(after_effect=True))
    forge.faults.add(Reply(503, {"message": "no"}))
    site.start_reporter()
    await site.publish(story.job_finished("build", JobState.FAILED))
    await site.settled()
    checks = forge.state.repository("me/app").checks
    assert len(checks) == 1
    assert [one["start_line"] for one in checks[0].annotations] == list(range(1, 61))


async def test_a_run_shows_its_jobs_and_what_jobs_without_a_check_have_said(
    site: Site, forge: Forge, story: RunStory, said: SaidRecords
) -> None:
    said.insert("jobs", id="job_1", run_id=story.run_id, name="a|b", state="succeeded", summary="fine")
    said.insert("jobs", id="job_2", run_id=story.run_id, name="lint", title="Lint `x`", state="failed", reason="no")
    said.insert("jobs", id="job_3", run_id=story.run_id, name="child", state="succeeded", has_status=False)
    said.insert("annotations", run_id=story.run_id, job_id="job_3", file="./c.py", text="a child's")
    said.insert("annotations", run_id=story.run_id, job_id="job_1", file="d.py", text="a job's own")
    site.start_reporter()
    counts = {JobState.SUCCEEDED: 3, JobState.FAILED: 1}
    await site.publish(story.finished(RunState.FAILED, jobs_by_state=counts))
    await site.settled()
    (check,) = _checks(forge).values()
    assert check.title == "3 of 4 jobs passed in 41 s"
    assert "| ✅ | a\\|b | succeeded |" in check.summary
    assert "| ❌ | Lint \\`x\\` | failed: no |" in check.summary
    assert "fine" in check.summary
    assert [one["path"] for one in check.annotations] == ["c.py"]


async def test_texts_that_are_too_long_are_cut_and_end_with_a_link(
    site: Site, forge: Forge, story: RunStory, said: SaidRecords
) -> None:
    job = _job(story)
    said.insert("jobs", id=job, run_id=story.run_id, name="build", state="succeeded", summary="é" * 65_000)
    for _ in range(10):
        said.insert("annotations", run_id=story.run_id, job_id=job, text="y" * 3000)
    site.start_reporter()
    await site.publish(story.job_finished("build", JobState.SUCCEEDED))
    await site.settled()
    (check,) = _checks(forge).values()
    assert len(check.summary) <= 65_535
    assert check.summary.endswith(f"(https://ci.example.com/runs/{story.run_id})")


async def test_annotations_that_github_refuses_do_not_keep_the_check_from_being_shown(
    site: Site, forge: Forge, story: RunStory, said: SaidRecords
) -> None:
    job = _job(story)
    said.insert("jobs", id=job, run_id=story.run_id, name="build", state="failed")
    said.insert("annotations", run_id=story.run_id, job_id=job, file="/etc/passwd", line=1, text="x")
    site.start_reporter()
    await site.publish(story.job_finished("build", JobState.FAILED))
    await site.settled()
    (check,) = _checks(forge).values()
    assert (check.conclusion, check.annotations) == ("failure", [])
    assert (await site.row())["outcome"] == "delivered"


async def test_a_run_again_is_a_new_check(site: Site, forge: Forge, story: RunStory, said: SaidRecords) -> None:
    site.start_reporter()
    await site.publish(story.finished(RunState.FAILED))
    await site.settled()
    again = RunStory(number=2)
    await site.publish(again.created())
    await site.settled()
    await site.publish(again.finished(RunState.SUCCEEDED))
    await site.settled()
    first, second = forge.state.repository("me/app").checks
    assert (first.external_id, first.history) == (story.run_id, ["failure"])
    assert (second.external_id, second.history) == (again.run_id, ["in_progress", "success"])


async def test_what_stands_as_a_status_stays_one_and_a_check_stays_a_check(
    site: Site, forge: Forge, story: RunStory, said: SaidRecords
) -> None:
    app = site.credentials.repositories["repo_1"]
    site.know(forge, forge.state.add_token("robot"))
    token = site.credentials.repositories["repo_1"]
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    site.credentials.repositories["repo_1"] = app
    await site.announce_change()
    await site.publish(story.job_created("build"), story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert forge.state.states("me/app", SHA, "tisktask/push") == ["pending", "success"]
    assert list(_checks(forge)) == ["tisktask/push/build"]
    site.credentials.repositories["repo_1"] = token
    await site.announce_change()
    await site.publish(story.job_finished("build", JobState.SUCCEEDED))
    await site.settled()
    (row,) = [row for row in await site.rows() if row["context"] == "tisktask/push/build"]
    assert row["outcome"] == "given_up"
    assert "check of an App" in row["error"]
    assert "tisktask/push/build" not in forge.state.shown("me/app", SHA)


async def test_a_right_that_the_app_lacks_is_said(site: Site, forge: Forge, story: RunStory, said: SaidRecords) -> None:
    forge.state.apps["1234"].permissions = {"contents": "read"}
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    row = await site.row()
    assert row["outcome"] == "given_up"
    assert "Resource not accessible by integration" in row["error"]
    assert "checks=write" in row["error"]


async def test_a_check_that_hangs_is_found_again(site: Site, forge: Forge, story: RunStory, said: SaidRecords) -> None:
    forge.faults.add(Hang(1.2))
    site.start_reporter(post_seconds_max=0.6)
    await site.publish(story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert len(forge.state.repository("me/app").checks) <= 2
    assert (await site.row())["outcome"] == "delivered"
