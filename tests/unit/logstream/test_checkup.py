"""What the doctor makes of what a forge says and of what is known."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tisktask_common.setup_requests import HookReport, HookSeen, Right, RightsReport, RightState
from tisktask_logstream.api.checkup import check_up
from tisktask_logstream.api.setup_models import Checkup, FindingState
from tisktask_logstream.hook_record import HookRecord
from tisktask_logstream.rows import RepositoryRecord, StatusProblem

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REPOSITORY = RepositoryRecord(
    id="repo_1", forge="gitea", full_name="octo/demo", clone_url="https://f/octo/demo", has_token=True, created_at=NOW
)
RIGHTS = RightsReport(
    rights=[Right(name="post_statuses", state=RightState.HAS)], full_name="octo/demo", clock_seconds=1
)
SEEN = HookSeen(hook_id=1, url="https://ci.example.org/api/triggers/gitea")
HOOK = HookRecord(hook_id=1, url=SEEN.url, told_at=NOW, delivered_at=NOW, delivered_event="push")


def checkup(
    *, rights: RightsReport = RIGHTS, seen: HookReport | None = None, hook: HookRecord = HOOK, **fields: Any
) -> Checkup:
    statuses = fields.pop("statuses", [])
    repository = REPOSITORY.model_copy(update=fields)
    return check_up(repository, rights, seen or HookReport(url=SEEN.url, hooks=[SEEN]), hook, statuses)


def states(found: Checkup, name: str) -> list[FindingState]:
    return [item.state for item in found.items if item.name == name]


def test_a_repository_that_is_well_has_nothing_but_good_findings() -> None:
    found = checkup()
    assert found.is_well
    assert {item.state for item in found.items} == {FindingState.OK}


def test_a_right_that_is_missing_is_a_problem_unless_everything_else_works_without() -> None:
    lacking = [Right(name=name, state=RightState.LACKS, detail="x") for name in ("post_statuses", "read_permissions")]
    found = checkup(rights=RIGHTS.model_copy(update={"rights": lacking}))
    assert not found.is_well
    assert states(found, "post statuses") == [FindingState.PROBLEM]
    assert states(found, "read permissions") == [FindingState.WARNING]


def test_no_webhook_and_several_are_problems() -> None:
    assert states(checkup(seen=HookReport(url=SEEN.url)), "webhook") == [FindingState.PROBLEM]
    several = checkup(seen=HookReport(url=SEEN.url, hooks=[SEEN, SEEN]))
    assert states(several, "webhook")[0] is FindingState.PROBLEM


def test_the_forge_that_can_not_be_asked_is_no_problem_of_the_repository() -> None:
    away = RightsReport(problem="the forge is away")
    found = checkup(rights=away, seen=HookReport(problem="the forge is away"))
    assert found.is_well
    assert states(found, "token") == states(found, "webhook") == [FindingState.UNKNOWN]


def test_a_wrong_signature_after_the_last_good_delivery_is_a_problem() -> None:
    bad = HOOK.model_copy(update={"refused_at": NOW + timedelta(seconds=1)})
    assert states(checkup(hook=bad), "deliveries") == [FindingState.PROBLEM]
    healed = HOOK.model_copy(update={"refused_at": NOW - timedelta(seconds=1)})
    assert states(checkup(hook=healed), "deliveries") == [FindingState.OK]


def test_times_are_told_in_utc_whatever_the_database_thinks() -> None:
    """A database gives them in the zone that it is set to."""
    noon = NOW.astimezone(timezone(timedelta(hours=2)))
    for seen in ({"delivered_at": noon}, {"delivered_at": noon - timedelta(days=1), "refused_at": noon}):
        (item,) = [item for item in checkup(hook=HOOK.model_copy(update=seen)).items if item.name == "deliveries"]
        assert "2026-11-23 12:00:00 UTC" in item.detail


def test_clocks_that_differ_and_another_name_are_warned_of() -> None:
    found = checkup(rights=RIGHTS.model_copy(update={"clock_seconds": -61.0, "full_name": "octo/new"}))
    assert states(found, "clock") == [FindingState.WARNING]
    assert "behind" in next(item.detail for item in found.items if item.name == "clock")
    assert states(found, "repository") == [FindingState.WARNING]


def test_statuses_that_were_given_up_are_a_problem_and_those_that_wait_are_not() -> None:
    waits = StatusProblem(context="tisktask/push", state="success", outcome="waiting", error="the forge is away")
    given_up = waits.model_copy(update={"outcome": "given_up"})
    assert states(checkup(statuses=[waits]), "statuses") == [FindingState.WARNING]
    assert states(checkup(statuses=[waits, given_up]), "statuses") == [FindingState.PROBLEM]


def test_an_exchange_that_the_forge_does_not_know_of_yet_says_why() -> None:
    hook = HOOK.model_copy(update={"is_rotating": True, "forge_is_to_be_told": True, "problem": "it was away"})
    (item,) = [item for item in checkup(hook=hook).items if item.name == "webhook secret"]
    assert (item.state, "it was away" in item.detail) == (FindingState.WARNING, True)
