"""Looks at repositories by a runner of the tests' own, which says what a test wants it to have seen."""

from typing import Any

from orchestrator_stage import Stage, TestRunner, eventually
from tisktask_common.events import Repository
from tisktask_common.ids import RepositoryId
from tisktask_common.looks import HeadsSeen, LookGrant, TakeLook
from tisktask_common.rpc import Accepted
from tisktask_orchestrator.looking.wishes import want_look
from tisktask_orchestrator.transactions import transaction

MAIN = "refs/heads/main"


def sha(letter: str) -> str:
    return letter * 40


async def want(pool: Any, repository: Repository) -> None:
    async with transaction(pool) as connection:
        await want_look(connection, repository.id)


async def offered(runner: TestRunner) -> list[RepositoryId]:
    return (await runner.heartbeat(can_look=True)).looks


async def take(runner: TestRunner, repository: Repository) -> LookGrant:
    return await runner.bus.request(
        TakeLook(runner=runner.name, repository_id=repository.id, public_key=runner.keys.public)
    )


async def next_look(runner: TestRunner, repository: Repository) -> LookGrant:
    """Wait until a look at the repository is offered, and take it."""

    async def probe() -> bool:
        return repository.id in await offered(runner)

    await eventually(probe, "a look is offered")
    grant = await take(runner, repository)
    assert grant.granted, grant.reason
    return grant


async def tell(runner: TestRunner, repository: Repository, grant: LookGrant, **fields: Any) -> Accepted:
    return await runner.bus.request(
        HeadsSeen(runner=runner.name, repository_id=repository.id, number=grant.number, **fields)
    )


async def look(runner: TestRunner, repository: Repository, heads: dict[str, str]) -> None:
    """Make the next look: it sees these heads."""
    grant = await next_look(runner, repository)
    assert (await tell(runner, repository, grant, heads=dict(sorted(heads.items())), default_ref=MAIN)).accepted


async def heads_of(stage: Stage, repository: Repository) -> dict[str, str]:
    rows = await stage.rows(
        "SELECT ref, sha FROM orchestrator.repository_heads WHERE repository_id = %s ORDER BY ref", repository.id
    )
    return {row["ref"]: row["sha"] for row in rows}


async def look_row(stage: Stage, repository: Repository) -> dict[str, Any]:
    (row,) = await stage.rows("SELECT * FROM orchestrator.looks WHERE repository_id = %s", repository.id)
    return row


async def runs_of(stage: Stage, repository: Repository) -> list[dict[str, Any]]:
    return await stage.rows(
        "SELECT run.number, run.sha, run.change, trigger.origin, trigger.delivery FROM orchestrator.runs AS run"
        " JOIN orchestrator.triggers AS trigger ON trigger.id = run.trigger_id WHERE run.repository_id = %s"
        " ORDER BY run.number",
        repository.id,
    )
