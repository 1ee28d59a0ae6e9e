"""Which runs may go: any population of runs, held against a simple model of the rules."""

import asyncio

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator_stage import make_settings
from retention_stage import OldRun, add_repository, add_runs
from tisktask_orchestrator.service import prepare_schema
from tisktask_orchestrator.store.retention import Rules, count_judged_runs, list_old_runs

BRANCH_DAYS = 365
#: Far from the limits of the rules: the clock goes on while rows are written.
AGES = st.sampled_from([None, 0.5, 5.5, 29.5, 30.5, 89.5, 90.5, 200.5, 364.5, 365.5, 900.5])
RUNS = st.lists(
    st.builds(
        OldRun,
        ended_days_ago=AGES,
        event=st.sampled_from(["push", "pull_request", "tag"]),
        branch=st.sampled_from(["main", "topic", None]),
    ),
    max_size=12,
)
RULES = st.builds(
    Rules,
    keep_days=st.sampled_from([0, 30, 90]),
    keep_min=st.integers(0, 6),
    keep_max=st.sampled_from([0, 0, 2, 5, 8]),
    keep_branch_days=st.just(BRANCH_DAYS),
)


def may_go(runs: list[OldRun], rules: Rules, *, is_removed: bool) -> list[int]:
    """Say the numbers of the runs that the rules let go, the oldest first."""
    gone: list[int] = []
    seen: set[str] = set()
    for place, (number, run) in enumerate(reversed(list(enumerate(runs, 1))), 1):
        is_newest_of_branch = run.event == "push" and run.branch is not None and run.branch not in seen
        if run.event == "push" and run.branch is not None:
            seen.add(run.branch)
        if run.ended_days_ago is None:
            continue
        is_old = rules.keep_days > 0 and run.ended_days_ago > rules.keep_days
        is_spared = place <= rules.keep_min or (is_newest_of_branch and run.ended_days_ago < BRANCH_DAYS)
        is_one_too_many = rules.keep_max > 0 and place > max(rules.keep_max, rules.keep_min)
        if (is_old and (is_removed or not is_spared)) or (is_one_too_many and not is_removed):
            gone.append(number)
    return sorted(gone)


@pytest.mark.parametrize("has_rules_of_its_own", [False, True])
async def test_any_population_of_runs_goes_as_the_rules_say(database_url: str, *, has_rules_of_its_own: bool) -> None:
    await prepare_schema(make_settings("nats://127.0.0.1:1", database_url))
    nothing_special = Rules(7, 1, 1, BRANCH_DAYS)

    async def holds(runs: list[OldRun], rules: Rules, *, is_removed: bool) -> None:
        own = {"keep_days": rules.keep_days, "keep_min": rules.keep_min, "keep_max": rules.keep_max}
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
            repository = await add_repository(
                connection, is_removed=is_removed, **(own if has_rules_of_its_own else {})
            )
            await add_runs(connection, repository, runs)
            asked = nothing_special if has_rules_of_its_own else rules
            found = await list_old_runs(connection, repository, asked, 0, 100)
            assert [run.number for run in found] == may_go(runs, rules, is_removed=is_removed)
            some = await list_old_runs(connection, repository, asked, 3, 2)
            assert [run.number for run in some] == [run.number for run in found if run.number > 3][:2]
            judged = {row.verdict: row.runs for row in await count_judged_runs(connection, repository, asked)}
            assert sum(judged.values()) == len(runs)
            assert judged.get("old", 0) + judged.get("too_many", 0) == len(found)
            assert judged.get("at_work", 0) == sum(run.ended_days_ago is None for run in runs)

    @settings(max_examples=60, deadline=None, database=None)
    @given(runs=RUNS, rules=RULES, is_removed=st.booleans())
    def check(runs: list[OldRun], rules: Rules, is_removed: bool) -> None:
        asyncio.run(holds(runs, rules, is_removed=is_removed))

    await asyncio.to_thread(check)
