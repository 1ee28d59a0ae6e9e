"""Pushes of which webhooks come at once, late, twice or never, and looks in between: nothing is lost, nothing runs twice."""

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from nats_server import NatsServer
from orchestrator_looks import MAIN, look, next_look, runs_of, sha, tell
from orchestrator_stage import Stage, TestRunner, eventually, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.events import Repository, TriggerReceived

FEW = [sha(letter) for letter in "abcde"]
MANY = [f"{number:040x}" for number in range(1, 200)]


@dataclass(frozen=True)
class Push:
    """A commit that a ref was moved to, and the one before it."""

    delivery: str
    ref: str
    sha: str
    before: str


@dataclass
class History:
    """A repository to which random things happen."""

    stage: Stage
    runner: TestRunner
    repository: Repository
    dice: random.Random
    #: What is pushed: commits that are new each time, or a few ones there and back again.
    commits: list[str]
    heads: dict[str, str] = field(default_factory=lambda: {MAIN: FEW[0], "refs/heads/x": FEW[0]})
    pushes: list[Push] = field(default_factory=list)
    #: Webhooks on their way.
    late: list[Push] = field(default_factory=list)
    heard: list[Push] = field(default_factory=list)
    came_late: list[Push] = field(default_factory=list)

    async def live(self, steps: int) -> None:
        await look(self.runner, self.repository, self.heads)
        for _ in range(steps):
            await self.dice.choice([self.push, self.push, self.look, self.hear_late, self.hear_again])()
        for _ in range(2):
            await self.look()

    async def push(self) -> None:
        ref = self.dice.choice(list(self.heads))
        before = self.heads[ref]
        new = self.dice.choice([commit for commit in self.commits if commit != before])
        if self.commits is not FEW:
            self.commits.remove(new)
        push = Push(f"d{len(self.pushes)}", ref, new, before)
        self.heads[ref] = new
        self.pushes.append(push)
        match self.dice.choice(["now", "late", "never"]):
            case "now":
                await self.hear(push)
            case "late":
                self.late.append(push)
            case _:
                pass

    async def hear_late(self) -> None:
        if self.late:
            self.came_late.append(self.late.pop(self.dice.randrange(len(self.late))))
            await self.hear(self.came_late[-1])

    async def hear_again(self) -> None:
        if self.heard:
            await self.send(self.dice.choice(self.heard))

    async def hear(self, push: Push) -> None:
        event = await self.send(push)
        self.heard.append(push)

        async def probe() -> bool:
            return bool(await self.stage.rows("SELECT id FROM orchestrator.triggers WHERE id = %s", event.trigger_id))

        await eventually(probe, "the webhook was handled")

    async def send(self, push: Push) -> TriggerReceived:
        return await self.stage.trigger(
            self.repository,
            push.delivery,
            sha=push.sha,
            ref=push.ref,
            branch=push.ref.removeprefix("refs/heads/"),
            base_sha=push.before,
        )

    async def look(self) -> None:
        """Look; the answer may come several times."""
        await self.stage.add_repository(self.repository.full_name)
        grant = await next_look(self.runner, self.repository)
        for _ in range(self.dice.choice([1, 1, 3])):
            await tell(self.runner, self.repository, grant, heads=dict(sorted(self.heads.items())), default_ref=MAIN)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("goes_back", [False, True])
async def test_what_stands_at_the_end_has_run_and_nothing_runs_more_often_than_it_was_pushed(
    bus: Bus, nats_server: NatsServer, database_url: str, seed: int, *, goes_back: bool
) -> None:
    async with staging(
        bus,
        nats_server.url,
        database_url,
        reconcile_seconds=3600,
        reconcile_grace_seconds=0,
        lease_seconds=60,
    ) as stage:
        runner = await stage.runner()
        repository = await stage.add_repository()
        history = History(stage, runner, repository, random.Random(seed), FEW if goes_back else list(MANY))
        await history.live(40)
        runs = Counter((run["change"]["ref"], run["sha"]) for run in await runs_of(stage, repository))
        pushes = Counter((push.ref, push.sha) for push in history.pushes)
        if goes_back:
            # A late webhook may look like that of a push back, and then it runs.
            pushes += Counter((push.ref, push.sha) for push in history.came_late)
        assert not runs - pushes, (seed, runs - pushes)
        # Where a ref began, it may be again without that anybody has seen it elsewhere.
        ends = [(ref, head) for ref, head in history.heads.items() if head != FEW[0]]
        assert all(runs[end] for end in ends), (seed, ends)
        told = await stage.rows("SELECT count(*) AS count FROM orchestrator.triggers WHERE origin = 'webhook'")
        assert told[0]["count"] == len(history.heard)
