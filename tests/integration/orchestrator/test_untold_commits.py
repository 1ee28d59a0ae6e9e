"""Deliveries that do not tell their commit: a look at the repository does, and they become runs like all others."""

from typing import Any

from orchestrator_looks import next_look, runs_of, sha, tell
from orchestrator_stage import Stage, eventually
from orchestrator_starts import start_rows
from tisktask_common.events import Repository
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import RemoveRepository

HEADS = {"refs/heads/main": sha("a"), "refs/heads/next": sha("b"), "refs/tags/v1": sha("c")}


async def untold(stage: Stage, repository: Repository, delivery: str, event: str, action: str, **change: Any) -> None:
    fields = {"event": event, "action": action, "sha": "", "branch": None, "actor": "ada", "default_branch": "main"}
    await stage.trigger(repository, delivery, **(fields | change))


async def see(stage: Stage, runner: Any, repository: Repository, heads: dict[str, str]) -> list[str]:
    """Make the look that is waited for; returns what was asked for besides branches and tags."""
    await stage.wait_until_triggers_are_taken()
    grant = await next_look(runner, repository)
    assert (
        await tell(runner, repository, grant, heads=dict(sorted(heads.items())), default_ref="refs/heads/main")
    ).accepted
    return grant.also


async def test_a_release_builds_what_its_tag_leads_to_and_a_deletion_the_default_branch(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    gone = {"ref": "refs/heads/old", "fetch_ref": "refs/heads/main", "branch": "old"}
    await untold(stage, repository, "d1", "release", "published", ref="refs/tags/v1", tag="v1", title="One")
    await untold(stage, repository, "d2", "delete", "branch", **gone)
    await untold(stage, repository, "d3", "repository_dispatch", "nightly", ref="HEAD")
    assert await see(stage, runner, repository, HEADS) == []
    release, deletion, dispatch = await runs_of(stage, repository)
    assert (release["sha"], release["delivery"], release["origin"]) == (sha("c"), "d1", "webhook")
    told = {"event": "release", "action": "published", "ref": "refs/tags/v1", "tag": "v1", "title": "One"}
    assert told.items() <= release["change"].items()
    assert (deletion["sha"], deletion["change"]["ref"], deletion["change"]["branch"]) == (
        sha("a"),
        "refs/heads/old",
        "old",
    )
    assert (dispatch["sha"], dispatch["change"]["action"]) == (sha("a"), "nightly")
    await runner.prepare(await stage.next_work(), "notes")
    await runner.run(await stage.next_work(), JobState.SUCCEEDED)


async def test_a_command_builds_the_head_of_its_pull_request(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    head = {"ref": "refs/pull/5/head", "fetch_ref": "refs/pull/5/head", "pull_request": 5, "command": "/retest"}
    await untold(stage, repository, "d1", "issue_comment", "retest", **head)
    assert await see(stage, runner, repository, HEADS | {"refs/pull/5/head": sha("e")}) == ["refs/pull/5/head"]
    (run,) = await runs_of(stage, repository)
    assert (run["sha"], run["change"]["command"]) == (sha("e"), "/retest")
    # It is no branch that somebody has forgotten to tell of.
    await stage.rows("UPDATE orchestrator.repository_heads SET first_seen_at = now() - interval '1 day'")
    await untold(stage, repository, "d2", "issue_comment", "retest", **head)
    await see(stage, runner, repository, HEADS | {"refs/pull/5/head": sha("f")})
    assert [row["change"]["event"] for row in await runs_of(stage, repository)] == ["issue_comment"] * 2


async def test_a_repeated_delivery_is_one_run(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    for _ in range(2):
        await untold(stage, repository, "d1", "release", "published", ref="refs/tags/v1")
    await see(stage, runner, repository, HEADS)
    await untold(stage, repository, "d1", "release", "published", ref="refs/tags/v1")
    await stage.wait_until_triggers_are_taken()
    assert len(await runs_of(stage, repository)) == 1
    assert [row["state"] for row in await start_rows(stage, repository)] == ["started"]


async def test_a_ref_that_is_not_there_says_so(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await untold(stage, repository, "d1", "release", "published", ref="refs/tags/gone")
    await see(stage, runner, repository, HEADS)
    (row,) = await start_rows(stage, repository)
    assert row["state"] == "failed"
    assert "refs/tags/gone" in row["reason"]
    assert await runs_of(stage, repository) == []


async def test_a_repository_that_was_removed_meanwhile_takes_nothing(stage: Stage) -> None:
    repository = await stage.add_repository()
    await stage.bus.request(RemoveRepository(repository_id=repository.id))
    await untold(stage, repository, "d1", "release", "published", ref="refs/tags/v1")

    async def is_taken() -> bool:
        await stage.wait_until_triggers_are_taken()
        return True

    await eventually(is_taken, "the trigger is taken")
    assert await start_rows(stage, repository) == []
    assert (await stage.rows("SELECT count(*) AS dead FROM orchestrator.triggers"))[0]["dead"] == 0
