"""The comment `/ok-to-test`: who may give it, and what of it is allowed by it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from orchestrator_stage import Stage, eventually
from vetting_stage import TREE, A, B, Scene, set_scene_with_fork

C = "c" * 40


@pytest.fixture
async def scene(stage: Stage) -> AsyncIterator[Scene]:
    yield await set_scene_with_fork(stage)


async def test_ok_to_test_by_a_writer_approves_what_waits_at_the_head(scene: Scene) -> None:
    run = await scene.waiting_fork("d1", sha=A)
    elsewhere = await scene.waiting_fork("d2", sha=A, pull_request=8)
    assert await scene.comment("c1", "/ok-to-test", sha="", actor="ada") is None
    assert (await scene.prepare()).approved_tree == TREE
    assert await scene.approvals() == [(run, "@ada")]
    assert "/ok-to-test" in (await scene.trust(run))["note"]
    assert await scene.stage.run_state(elsewhere) == "awaiting_approval"
    # The same delivery once more.
    assert await scene.comment("c1", "/ok-to-test", sha="", actor="ada") is None
    await scene.wait_until_heeded()
    assert len(await scene.approvals()) == 1


async def test_ok_to_test_by_somebody_who_may_not_write_is_refused_and_said(scene: Scene) -> None:
    run = await scene.waiting_fork("d1", sha=A)
    await scene.comment("c1", "/ok-to-test", sha="", actor="eve")
    assert "@eve" in await scene.wait_for_note(run, "may not write")
    scene.problem, scene.is_refused = "the token may not ask", True
    await scene.comment("c2", "/ok-to-test", sha="", actor="ada")
    await scene.wait_for_note(run, "the token may not ask")
    assert await scene.stage.run_state(run) == "awaiting_approval"
    assert await scene.approvals() == []


async def test_ok_to_test_before_a_push_does_not_hold_for_what_was_pushed(scene: Scene) -> None:
    said_at = datetime.now(UTC) - timedelta(minutes=5)
    run = await scene.waiting_fork("d1", sha=A)
    await scene.comment("c1", "/ok-to-test", sha="", actor="ada", happened_at=said_at)
    await scene.wait_for_note(run, "before this run was there")
    # The head has moved on when the forge is asked: what waits is of another commit.
    scene.pulls[7] = scene.pulls[7].model_copy(update={"sha": B})
    await scene.comment("c2", "/ok-to-test", sha="", actor="ada")
    await scene.wait_for_note(run, "another commit: bbbbbbbbbb")
    # The delivery itself tells another head.
    await scene.comment("c3", "/ok-to-test", sha=C, base_branch="main", actor="ada")
    await scene.wait_for_note(run, "another commit: cccccccccc")
    assert await scene.approvals() == []


async def test_ok_to_test_may_name_the_commit(scene: Scene) -> None:
    run = await scene.waiting_fork("d1", sha=A)
    await scene.comment("c1", "/ok-to-test abc", sha="", actor="ada")
    await scene.wait_for_note(run, "no beginning of a commit's id")
    await scene.comment("c2", f"/ok-to-test {B[:10]}", sha="", actor="ada")
    await scene.wait_for_note(run, "another commit")
    await scene.comment("c3", f"/ok-to-test {A[:10].upper()}", sha="", actor="ada")
    await scene.prepare()
    assert await scene.approvals() == [(run, "@ada")]


async def test_ok_to_test_while_the_run_is_being_looked_at_is_not_lost(scene: Scene) -> None:
    run = await scene.fork("d1", sha=A)
    await scene.comment("c1", "/ok-to-test", sha="", actor="ada")

    async def is_asked() -> bool:
        return "ada" in scene.asked

    await eventually(is_asked, "the comment is heeded")
    # Also if no runner had time to look for long.
    (before,) = await scene.stage.rows(
        "UPDATE orchestrator.approval_comments SET taken_at = now() - interval '1 hour', next_at = now() RETURNING number"
    )

    async def is_heeded_again() -> bool:
        rows = await scene.stage.rows("SELECT number FROM orchestrator.approval_comments WHERE next_at > now()")
        return bool(rows) and rows[0]["number"] > before["number"]

    await eventually(is_heeded_again, "the comment is heeded once more")
    await scene.inspect()
    await scene.stage.wait_for_run(run, "awaiting_approval")
    await scene.stage.rows("UPDATE orchestrator.approval_comments SET next_at = now()")
    await scene.prepare()
    assert await scene.approvals() == [(run, "@ada")]


async def test_ok_to_test_with_nothing_to_approve_asks_nobody(scene: Scene) -> None:
    await scene.comment("c1", "/ok-to-test", sha="", actor="ada")
    await scene.wait_until_heeded()
    assert scene.asked == []
