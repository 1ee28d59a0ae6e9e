"""Who is trusted, and what becomes of the runs of the others: every case."""

import itertools
from typing import Any

import pytest

from tisktask_common.approvals import ForkPolicy
from tisktask_common.events import Change
from tisktask_common.trigger_events import KINDS, Cause, cause_of
from tisktask_orchestrator.store.vetting import PersonRow, VettingState
from tisktask_orchestrator.vetting.rules import (
    Repeat,
    Right,
    Verdict,
    how_to_repeat,
    is_authors,
    is_head_unknown,
    is_ok_to_test,
    is_trusted,
    is_trusted_at_once,
    judge,
    scope_of,
)

PEOPLE = [PersonRow(*flags) for flags in itertools.product((False, True), repeat=3)]
EVENTS = [kind.event for kind in KINDS]
BY_READERS = {"pull_request", "pull_request_review", "issue_comment"}


def change(**fields: Any) -> Change:
    return Change(**{"event": "pull_request", "sha": "a" * 40, "ref": "refs/pull/7/head", "actor": "eve"} | fields)


def test_readers_cause_only_these_events_and_of_unknown_ones_the_least_is_believed() -> None:
    assert {event for event in EVENTS if cause_of(event) is not Cause.WRITERS} == BY_READERS
    assert cause_of("issue_comment") is Cause.COMMENTERS
    assert cause_of("something_new") is Cause.COMMENTERS


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("event", EVENTS)
def test_a_forks_commit_is_never_trusted_at_once_but_by_order_or_in_a_local_repository(
    event: str, person: PersonRow
) -> None:
    forks = change(event=event, is_fork=True)
    assert not is_trusted_at_once(forks, "github", person, is_ordered=False)
    assert is_trusted_at_once(forks, "github", person, is_ordered=True)
    assert is_trusted_at_once(forks, "local", person, is_ordered=False)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("event", EVENTS)
def test_who_is_trusted_at_once_at_the_repositorys_own_commits(event: str, person: PersonRow) -> None:
    expected = True
    if event in BY_READERS:
        expected = person.may_write or (person.has_pushed and event != "issue_comment")
    assert is_trusted_at_once(change(event=event), "forgejo", person, is_ordered=False) == expected


def test_of_nobody_it_can_not_be_asked() -> None:
    assert is_trusted_at_once(change(actor=""), "github", PersonRow(), is_ordered=False)
    assert not is_trusted_at_once(change(actor="", event="issue_comment"), "github", PersonRow(), is_ordered=False)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("event", [*EVENTS, "something_new"])
def test_the_forges_word_decides_and_without_it_who_has_pushed_the_commit(event: str, person: PersonRow) -> None:
    assert is_trusted(event, Right.WRITES, person)
    assert not is_trusted(event, Right.READS, person)
    by_words_alone = event in {"issue_comment", "something_new"}
    assert is_trusted(event, Right.UNKNOWN, person) == (person.has_pushed or not by_words_alone)


@pytest.mark.parametrize("changes", [True, False, None])
@pytest.mark.parametrize("was_approved", [True, False])
@pytest.mark.parametrize("policy", ForkPolicy)
def test_what_becomes_of_a_restricted_run(policy: ForkPolicy, was_approved: bool, changes: bool | None) -> None:
    expected = {
        ForkPolicy.ASK: Verdict.HOLD,
        ForkPolicy.NEVER: Verdict.REFUSE,
        ForkPolicy.WITHOUT_SECRETS: Verdict.RUN,
        ForkPolicy.FIRST_TIMERS: Verdict.RUN if was_approved and changes is False else Verdict.HOLD,
    }
    assert judge(policy, was_approved=was_approved, changes_programs=changes) is expected[policy]


@pytest.mark.parametrize("policy", ForkPolicy)
@pytest.mark.parametrize("is_restricted", [True, False])
@pytest.mark.parametrize("state", [None, *VettingState])
def test_how_a_run_is_run_again(state: VettingState | None, is_restricted: bool, policy: ForkPolicy) -> None:
    repeat = how_to_repeat(state, policy, is_restricted=is_restricted)
    if state is VettingState.APPROVED:
        assert repeat is Repeat.APPROVED
    elif state in {None, VettingState.NOT_NEEDED} and not is_restricted:
        assert repeat is Repeat.FREELY
    elif state is VettingState.NOT_NEEDED and policy is ForkPolicy.WITHOUT_SECRETS:
        assert repeat is Repeat.RESTRICTED
    else:
        assert repeat is Repeat.VETTED


def test_where_a_commands_commit_comes_from_is_unknown_where_the_delivery_told_no_base() -> None:
    assert is_head_unknown(change(event="issue_comment", is_fork=True))
    assert not is_head_unknown(change(event="issue_comment", is_fork=True, base_branch="main"))
    assert not is_head_unknown(change(event="issue_comment"))
    assert not is_head_unknown(change(is_fork=True))


def test_the_comment_that_approves_is_told_from_others() -> None:
    assert is_ok_to_test(change(event="issue_comment", action="ok_to_test", pull_request=7))
    assert not is_ok_to_test(change(event="issue_comment", action="ok_to_test"))
    assert not is_ok_to_test(change(event="issue_comment", action="deploy", pull_request=7))
    assert not is_ok_to_test(change(event="pull_request", action="ok_to_test", pull_request=7))


def test_only_who_opens_or_pushes_is_the_author_of_a_change() -> None:
    authors = {
        action for action in (None, "opened", "synchronize", "reopened", "labeled") if is_authors(change(action=action))
    }
    assert authors == {"opened", "synchronize"}
    assert not is_authors(change(event="issue_comment", action="opened"))


def test_runs_of_one_pull_request_share_a_scope() -> None:
    assert scope_of(change(pull_request=12)) == "pr-12"
    assert scope_of(change()) == "restricted"
