"""How fast a forge is written to, and in which order, while hours of a test's own clock go by."""

import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import psycopg
import pytest
from pydantic import SecretStr

from forge import Flavour, Forge, RateLimit, Reply
from reporter_clock import FakeClock
from reporter_events import SHA
from tisktask_common.database.pool import open_pool
from tisktask_common.ids import RepositoryId, RunId
from tisktask_reporter.accounts import Paces
from tisktask_reporter.check_delivery import CheckDelivery
from tisktask_reporter.comment_delivery import CommentDelivery
from tisktask_reporter.credentials import CredentialBook
from tisktask_reporter.delivery import Deliverer
from tisktask_reporter.forges.client import ForgeClient
from tisktask_reporter.forges.exchange import Exchange, new_session
from tisktask_reporter.forges.installations import Installations
from tisktask_reporter.forges.policy import RetryLimits
from tisktask_reporter.remarks import RemarkReader
from tisktask_reporter.status import DesiredStatus, Shown, StatusKey, StatusState
from tisktask_reporter.store import Store

from .conftest import Site, eventually

MakeForge = Callable[..., Awaitable[Forge]]
PENDING, SUCCESS = StatusState.PENDING, StatusState.SUCCESS
OUTAGE_STATUSES = 10_000


@dataclass
class Bench:
    """The reporter's parts without its loop: the test says when it is what time."""

    site: Site
    store: Store
    deliverer: Deliverer
    clock: FakeClock

    async def want(self, context: str, state: StatusState, number: int = 1, repo: str = "repo_1") -> None:
        key = StatusKey(RepositoryId(repo), SHA, context)
        shown = Shown(state, "text", "https://ci.example.com/runs/run_1")
        await self.store.save_desired_status(DesiredStatus(key, "github", RunId("run_1"), number, 1, shown))

    async def want_many(self, count: int, forge: Flavour) -> None:
        """Have statuses wait, a second apart from another, in any order of the table."""
        names = list(range(count))
        random.Random(7).shuffle(names)
        async with await psycopg.AsyncConnection.connect(self.site.database_url) as connection:
            await connection.execute("INSERT INTO reporter.repositories (repository_id) VALUES ('repo_1')")
            async with connection.cursor().copy(
                "COPY reporter.statuses (repository_id, sha, context, forge, run_id, run_number, revision, state,"
                " description, target_url, wanted_at, next_try_at) FROM STDIN"
            ) as copy:
                for name in names:
                    at = self.clock.at.replace(microsecond=name)
                    shown = ("success", "passed", "https://ci.example.com/runs/run_1", at, self.clock.at)
                    await copy.write_row(("repo_1", SHA, f"job{name:05}", forge.value, "run_1", 1, 1, *shown))
            # As autovacuum does in time.
            await connection.execute("ANALYZE reporter.statuses, reporter.repositories")

    async def deliver_until(self, is_done: Callable[[], bool]) -> None:
        """Do what the loop does; where it would wait, let that time go by."""
        while not is_done():
            due = await self.store.find_due_statuses(16)
            for key in due:
                await self.deliverer.deliver(key)
            if not due:
                seconds = await self.store.read_next_moment()
                await self.clock.advance(60 if seconds is None else seconds + 0.001)


@pytest.fixture
async def bench(site: Site) -> AsyncIterator[Bench]:
    clock = await FakeClock.start(site.database_url)
    settings = site.settings.model_copy(update={"database_url": SecretStr(FakeClock.url(site.database_url))})
    pool = await open_pool(settings, "test")
    store, limits = Store(pool, 10), RetryLimits()
    async with new_session() as session:
        exchange = Exchange(session, limits, 5, clock.now)
        paces = Paces(4, github_pause_seconds=1, github_posts_per_hour_max=500)
        deliverer = Deliverer(
            store=store,
            credentials=CredentialBook(site.bus),
            paces=paces,
            client=ForgeClient(exchange, clock.now),
            checks=CheckDelivery(exchange, store, RemarkReader(pool), clock.now),
            comments=CommentDelivery(exchange, store, RemarkReader(pool), clock.now),
            installations=Installations(exchange, clock.now),
            limits=limits,
            post_seconds_max=5,
        )
        yield Bench(site, store, deliverer, clock)
    await pool.close()
    await clock.connection.close()


def _contexts(forge: Forge) -> list[str]:
    return [one.context for one in forge.state.repository("me/app").statuses]


async def test_after_an_outage_the_freshest_come_first_and_github_is_not_hurried(
    bench: Bench, make_forge: MakeForge
) -> None:
    forge = await make_forge(Flavour.GITHUB)
    forge.rate_limit = RateLimit(requests=500, seconds=3600, clock=bench.clock.timestamp)
    bench.site.know(forge, forge.state.add_token("robot"))
    await bench.want_many(OUTAGE_STATUSES, Flavour.GITHUB)
    times: list[float] = []

    def is_done() -> bool:
        times.extend([bench.clock.timestamp()] * (len(forge.posts) - len(times)))
        return len(times) >= 520

    await bench.deliver_until(is_done)
    # None was refused for coming too fast, and none came twice.
    assert {one.status for one in forge.posts} == {201}
    assert _contexts(forge) == [f"job{name:05}" for name in range(9_999, 9_999 - len(times), -1)]
    assert all(after - before >= 1 for before, after in itertools.pairwise(times))
    assert times[500] - times[0] >= 3600
    assert max(sum(at <= one < at + 60 for one in times) for at in times) <= 80
    assert max(sum(at <= one < at + 3600 for one in times) for at in times) <= 500
    assert (await bench.store.read_backlog()).waiting == OUTAGE_STATUSES - len(times)
    # What is new meanwhile does not wait behind the old.
    await bench.want("fresh", SUCCESS)
    before = bench.clock.at
    await bench.deliver_until(lambda: "fresh" in _contexts(forge))
    assert (bench.clock.at - before).total_seconds() < 20


async def test_two_reporters_at_work_lose_none_and_post_none_twice(bench: Bench, make_forge: MakeForge) -> None:
    forge = await make_forge(Flavour.GITEA)
    bench.site.know(forge, forge.state.add_token("robot"))
    await bench.want_many(400, Flavour.GITEA)
    forge.faults.add(Reply(503, {"message": "starting"}), times=5)
    for _ in range(2):
        bench.site.start_reporter()
    await eventually(lambda: len(forge.posts) >= 405, 40)
    await bench.site.settled()
    assert len(forge.state.shown("me/app", SHA)) == 400
    assert len(forge.posts) == 405


async def test_an_hour_without_the_forge_loses_nothing(bench: Bench, make_forge: MakeForge) -> None:
    forge = await make_forge(Flavour.GITHUB)
    bench.site.know(forge, forge.state.add_token("robot"))
    for status in (500, 503):
        await bench.want(f"during-{status}", SUCCESS)
        forge.faults.add(Reply(status, {"message": "down"}), times=100_000)
        until = bench.clock.timestamp() + 1800
        await bench.deliver_until(lambda until=until: bench.clock.timestamp() > until)
        forge.faults.coming.clear()
    refused = len(forge.posts)
    # A try a minute at most, not more.
    assert refused < 100
    await bench.want("after", SUCCESS)
    await bench.deliver_until(lambda: len(forge.state.shown("me/app", SHA)) == 3)
    assert len(forge.posts) == refused + 3


async def test_a_status_that_alone_fails_is_given_up_within_a_quarter_of_an_hour(
    bench: Bench, make_forge: MakeForge
) -> None:
    forge = await make_forge(Flavour.GITEA)
    bench.site.know(forge, forge.state.add_token("robot"))
    other = "e7" * 20
    key = StatusKey(RepositoryId("repo_1"), other, "unknown-commit")
    shown = Shown(SUCCESS, "text", "https://ci.example.com/runs/run_1")
    began = bench.clock.at
    await bench.store.save_desired_status(DesiredStatus(key, "gitea", RunId("run_1"), 1, 1, shown))
    number = 0
    while [row["outcome"] for row in await bench.site.rows() if row["sha"] == other] != ["given_up"]:
        number += 1
        await bench.want(f"good{number}", SUCCESS)
        await bench.deliver_until(lambda count=number: f"good{count}" in _contexts(forge))
        await bench.clock.advance(30)
    assert sum(other in one.path for one in forge.posts) == 6
    assert (bench.clock.at - began).total_seconds() < 1100


async def test_a_pending_that_is_overtaken_while_the_account_pauses_is_never_sent(
    bench: Bench, make_forge: MakeForge
) -> None:
    forge = await make_forge(Flavour.GITHUB)
    bench.site.know(forge, forge.state.add_token("robot"))
    forge.faults.add(Reply(403, {"message": "You have exceeded a secondary rate limit"}))
    await bench.want("build", PENDING, 1)
    began = bench.clock.at
    await bench.deliver_until(lambda: len(forge.posts) == 1)
    await bench.want("build", SUCCESS, 2)
    await bench.deliver_until(lambda: bool(_contexts(forge)))
    assert forge.state.states("me/app", SHA, "build") == ["success"]
    # No time was told: a minute at least.
    assert (bench.clock.at - began).total_seconds() >= 60
