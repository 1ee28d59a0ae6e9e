"""An orchestrator whose questions about people and pull requests are answered as a test wants it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from orchestrator_stage import SHA, Stage, TestRunner, eventually, prepared
from tisktask_common.approvals import ApproveRun, DeclineRun
from tisktask_common.events import Change, Repository, RunApproved, TriggerReceived
from tisktask_common.forge_requests import AskPermission, AskPull, OpenPull, PermissionAnswer, PullAnswer
from tisktask_common.ids import RunId, trigger_id
from tisktask_common.rpc import Accepted, AttemptRef, JobSpec
from tisktask_common.subjects import TRIGGERS_FOR_ORCHESTRATOR as CONSUMER

TREE = "7" * 40
A, B = "a" * 40, "b" * 40


@dataclass
class Scene:
    """A repository whose forge says what a test wants, an orchestrator, and a runner."""

    stage: Stage
    runner: TestRunner
    repository: Repository
    writers: set[str] = field(default_factory=set[str])
    pulls: dict[int, Change] = field(default_factory=dict[int, Change])
    #: Instead of answers.
    problem: str = ""
    is_refused: bool = False
    asked: list[str] = field(default_factory=list[str])
    #: Answers wait for it.
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer_permission(self, request: AskPermission, _caller: str) -> PermissionAnswer:
        self.asked.append(request.login)
        await self.gate.wait()
        if self.problem:
            return PermissionAnswer(problem=self.problem, is_refused=self.is_refused)
        return PermissionAnswer(may_write=request.login in self.writers)

    async def answer_pull(self, request: AskPull, _caller: str) -> PullAnswer:
        self.asked.append(f"#{request.number}")
        await self.gate.wait()
        if self.problem:
            return PullAnswer(problem=self.problem, is_refused=self.is_refused)
        change = self.pulls.get(request.number)
        return PullAnswer(pull=change and OpenPull(number=request.number, change=change))

    async def trigger(self, delivery: str, **change: Any) -> RunId | None:
        """Bring a delivery, and wait until it was taken; returns its run if it makes one."""
        more = {name: change.pop(name) for name in ("happened_at", "time") if name in change}
        fields = {"event": "push", "sha": SHA, "ref": "refs/heads/main", "branch": "main"} | change
        event = TriggerReceived(
            trigger_id=trigger_id(self.repository.id, delivery),
            repository=self.repository,
            delivery=delivery,
            change=Change(**fields),
            **more,
        )
        before = (await self.stage.bus.jetstream.stream_info(CONSUMER.stream)).state.last_seq
        await self.stage.bus.publish_event(event)

        async def is_taken() -> bool:
            info = await self.stage.bus.jetstream.consumer_info(CONSUMER.stream, CONSUMER.name)
            return bool(info.ack_floor) and info.ack_floor.stream_seq > before and info.num_ack_pending == 0

        await eventually(is_taken, "the trigger is taken")
        rows = await self.stage.rows("SELECT id FROM api.runs WHERE trigger_id = %s", event.trigger_id)
        return RunId(rows[0]["id"]) if rows else None

    async def pull_request(self, delivery: str, **change: Any) -> RunId:
        fields = {"event": "pull_request", "action": "opened", "pull_request": 7, "branch": "topic", "actor": "eve"}
        run = await self.trigger(delivery, **fields | {"base_branch": "main"} | change)
        assert run
        return run

    async def fork(self, delivery: str, **change: Any) -> RunId:
        return await self.pull_request(delivery, **{"is_fork": True} | change)

    async def comment(self, delivery: str, command: str, **change: Any) -> RunId | None:
        """Bring a comment as GitHub tells it: without its head."""
        name = command.split(maxsplit=1)[0].removeprefix("/").replace("-", "_")
        fields = {"event": "issue_comment", "action": name, "command": command, "pull_request": 7, "is_fork": True}
        return await self.trigger(delivery, **fields | {"ref": "refs/pull/7/head", "branch": None} | change)

    async def inspect(self, *names: str, tree: str = TREE, changes: bool | None = False) -> JobSpec:
        """Be the runner that looks at the next run."""
        work = await self.stage.next_work()
        grant = await self.runner.claim(work)
        assert grant.spec
        assert grant.spec.is_inspection, "an inspection is the next work"
        await self.runner.began(work)
        await self.end_inspection(work, *names, tree=tree, changes=changes)
        return grant.spec

    async def end_inspection(
        self, work: AttemptRef, *names: str, tree: str = TREE, changes: bool | None = False
    ) -> None:
        found = prepared(*names or ("build",))
        told = found.model_copy(update={"programs_tree": tree, "changes_programs": changes})
        assert (await self.runner.ended(work, "succeeded", prepared=told)).accepted

    async def prepare(self, *names: str, tree: str = TREE) -> JobSpec:
        """Be the runner that prepares the next run."""
        work = await self.stage.next_work()
        grant = await self.runner.claim(work)
        assert grant.spec
        assert not grant.spec.is_inspection, "a preparation is the next work"
        await self.runner.began(work)
        told = prepared(*names or ("build",)).model_copy(update={"programs_tree": tree})
        assert (await self.runner.ended(work, "succeeded", prepared=told)).accepted
        return grant.spec

    async def waiting_fork(self, delivery: str = "d1", **change: Any) -> RunId:
        """Bring a pull request of a fork to where it waits for approval."""
        # Many of them take longer than a lease.
        await self.runner.heartbeat()
        run = await self.fork(delivery, **change)
        await self.inspect()
        await self.stage.wait_for_run(run, "awaiting_approval")
        return run

    async def trust(self, run: RunId) -> dict[str, Any]:
        (row,) = await self.stage.rows("SELECT * FROM api.run_trust WHERE run_id = %s", run)
        return row

    async def wait_for_note(self, run: RunId, part: str) -> str:
        async def probe() -> str:
            note = (await self.trust(run))["note"]
            return note if part in note else ""

        return await eventually(probe, f"the note says {part!r}")

    async def wait_until_heeded(self) -> None:
        async def probe() -> bool:
            return not await self.stage.rows("SELECT trigger_id FROM orchestrator.approval_comments")

        await eventually(probe, "the comment is heeded")

    async def approve(self, run: RunId, actor: str = "ada") -> Accepted:
        return await self.stage.bus.request(ApproveRun(run_id=run, actor=actor))

    async def decline(self, run: RunId, actor: str = "ada", reason: str = "") -> Accepted:
        return await self.stage.bus.request(DeclineRun(run_id=run, actor=actor, reason=reason))

    async def told(self, *kinds: type) -> list[Any]:
        return [event for event in await self.stage.events() if isinstance(event, kinds)]

    async def approvals(self) -> list[tuple[RunId, str]]:
        return [(event.run_id, event.approved_by) for event in await self.told(RunApproved)]

    async def finish(self) -> None:
        """Be the runner of the next program."""
        await self.runner.run(await self.stage.next_work())


async def set_scene(stage: Stage) -> Scene:
    scene = Scene(stage, await stage.runner(), await stage.add_repository())
    scene.gate.set()
    await stage.bus.answer(AskPermission, scene.answer_permission, "reporter")
    await stage.bus.answer(AskPull, scene.answer_pull, "reporter")
    return scene


async def set_scene_with_fork(stage: Stage) -> Scene:
    """Set the scene for pull request 7, of a fork, with somebody who may allow it."""
    scene = await set_scene(stage)
    scene.writers.add("ada")
    scene.pulls[7] = Change(event="", sha=A, ref="refs/pull/7/head", is_fork=True)
    return scene
