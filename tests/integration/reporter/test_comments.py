"""A comment on a pull request is kept up to date, where its repository wants one."""

import pytest

from app_keys import app_keys
from forge import Drop, Flavour, Forge
from reporter_events import SHA, RunStory
from reporter_records import SaidRecords
from tisktask_common.lifecycle import JobState, RunState

from .conftest import Site

OTHER_SHA = "e7" * 20
ON_GITHUB = pytest.mark.parametrize("forge", [Flavour.GITHUB], indirect=True)
PRIVATE, PUBLIC = app_keys()


@pytest.fixture
def said(site: Site, forge: Forge) -> SaidRecords:
    """A repository that wants comments, and what jobs have said."""
    site.know(forge, forge.state.add_token("robot"))
    site.credentials.repositories["repo_1"].has_comment = True
    return SaidRecords(site.database_url)


def _story(forge: Forge, number: int = 1, sha: str = SHA) -> RunStory:
    return RunStory(forge=forge.state.flavour, event="pull_request", pull_request=5, number=number, sha=sha)


def _say(said: SaidRecords, story: RunStory, summary: str) -> None:
    said.insert("runs", id=story.run_id, number=story.number, sha=story.sha)
    said.insert("jobs", id=f"job_{story.number}", run_id=story.run_id, name="build", state="succeeded", summary=summary)


async def test_the_comment_of_a_pull_request_shows_its_newest_run(site: Site, forge: Forge, said: SaidRecords) -> None:
    repository = forge.state.repository("me/app")
    repository.commits.add(OTHER_SHA)
    first, second = _story(forge), _story(forge, 2, OTHER_SHA)
    _say(said, first, "81 % covered")
    _say(said, second, "82 % covered")
    site.start_reporter()
    await site.publish(first.created(), first.finished(RunState.FAILED, jobs_by_state={JobState.FAILED: 1}))
    await site.settled()
    (comment,) = repository.comments
    assert (comment.number, comment.login) == (5, "robot")
    assert f"[run #1](https://ci.example.com/runs/{first.run_id}) of `{SHA[:10]}`" in comment.body
    assert "0 of 1 job passed in 41 s" in comment.body
    assert "81 % covered" in comment.body
    await site.publish(second.created(), second.finished(RunState.SUCCEEDED, jobs_by_state={JobState.SUCCEEDED: 1}))
    await site.settled()
    # Comes late, and is overtaken.
    await site.publish_as_new(first.finished(RunState.FAILED))
    await site.settled()
    assert repository.comments == [comment]
    assert "run #2" in comment.body
    assert "82 % covered" in comment.body
    assert "81 %" not in comment.body
    assert forge.state.shown("me/app", SHA)["tisktask/pull_request"].state == "failure"


async def test_nobody_gets_a_comment_who_has_not_asked_for_it(site: Site, forge: Forge, said: SaidRecords) -> None:
    site.credentials.repositories["repo_1"].has_comment = False
    site.start_reporter()
    await site.publish(_story(forge).finished(RunState.SUCCEEDED))
    await site.settled()
    assert forge.state.repository("me/app").comments == []
    assert [row["context"] for row in await site.rows()] == ["tisktask/pull_request"]


async def test_a_push_has_no_comment(site: Site, forge: Forge, story: RunStory, said: SaidRecords) -> None:
    site.start_reporter()
    await site.publish(story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert forge.state.repository("me/app").comments == []


@ON_GITHUB
async def test_a_comment_is_made_once_also_when_the_answer_is_lost(site: Site, forge: Forge, said: SaidRecords) -> None:
    story = _story(forge)
    site.start_reporter()
    await site.publish(story.created())
    await site.settled()
    forge.faults.add(Drop(after_effect=True), times=2)
    await site.publish(story.finished(RunState.SUCCEEDED))
    await site.settled()
    assert len(forge.state.repository("me/app").comments) == 1


@ON_GITHUB
async def test_a_comment_that_was_deleted_is_made_anew_and_anothers_is_left_alone(
    site: Site, forge: Forge, said: SaidRecords
) -> None:
    repository = forge.state.repository("me/app")
    site.start_reporter()
    await site.publish(_story(forge).finished(RunState.SUCCEEDED))
    await site.settled()
    (first,) = repository.comments
    repository.comments.clear()
    await site.publish(_story(forge, 2).finished(RunState.FAILED))
    await site.settled()
    (second,) = repository.comments
    assert second.id != first.id
    assert second.body.splitlines()[0] == first.body.splitlines()[0]


@ON_GITHUB
async def test_an_app_comments_if_it_may(site: Site, forge: Forge, said: SaidRecords) -> None:
    app = forge.state.add_app("1234", PUBLIC)
    site.know_app(forge, PRIVATE, has_comment=True)
    site.start_reporter()
    await site.publish(_story(forge).finished(RunState.SUCCEEDED))
    await site.settled()
    (comment,) = forge.state.repository("me/app").comments
    assert comment.login == "tisktask[bot]"
    app.permissions = {"checks": "write"}
    forge.state.tokens.clear()
    await site.publish(_story(forge, 2).finished(RunState.SUCCEEDED))
    await site.settled()
    (row,) = [row for row in await site.rows() if row["context"] == "tisktask/comment"]
    assert row["outcome"] == "given_up"
    assert "pull_requests=write" in row["error"]
