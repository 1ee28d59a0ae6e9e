"""What deliveries mean: the cases that the forges' published payloads do not show, and some that they do."""

import json
from typing import Any

import pytest

from ingest_payloads import (
    OLD_SHA,
    SHA,
    SHA256,
    TAG_OBJECT,
    ZERO,
    ZERO_SHA256,
    local_push,
    pull_request,
    push,
)
from tisktask_common.events import Change
from tisktask_ingest.forges.dialect import DIALECTS, normalise
from tisktask_ingest.outcome import Ignored, Malformed, Outcome, Ping, Triggered

FORGES = ["github", "forgejo", "gitea"]
FORGEJO_AND_GITEA = ["forgejo", "gitea"]


def outcome(forge: str, event: str, payload: dict[str, Any], event_type: str = "") -> Outcome:
    return normalise(DIALECTS[forge], event, event_type or event, json.dumps(payload).encode())


def change(forge: str, event: str, payload: dict[str, Any]) -> Change:
    result = outcome(forge, event, payload)
    assert isinstance(result, Triggered), result
    return result.change


@pytest.mark.parametrize("forge", FORGES)
class TestPushes:
    def test_a_push_builds_its_head_commit(self, forge: str) -> None:
        assert change(forge, "push", push()) == Change(
            event="push",
            sha=SHA,
            ref="refs/heads/main",
            branch="main",
            base_sha=OLD_SHA,
            actor="pat",
            title="Mend the bridge",
            default_branch="main",
        )

    def test_a_new_branch_has_nothing_to_be_compared_with(self, forge: str) -> None:
        assert change(forge, "push", push(before=ZERO)).base_sha is None
        assert change(forge, "push", push(before=None)).base_sha is None

    def test_a_branch_may_have_slashes(self, forge: str) -> None:
        assert change(forge, "push", push(ref="refs/heads/fix/the/bridge")).branch == "fix/the/bridge"

    def test_an_annotated_tag_builds_the_commit_and_not_the_tag_object(self, forge: str) -> None:
        payload = push(ref="refs/tags/v1.0", before=ZERO, after=TAG_OBJECT)
        got = change(forge, "push", payload)
        assert (got.event, got.sha, got.tag, got.branch) == ("tag", SHA, "v1.0", None)

    def test_a_tag_without_a_commit_builds_nothing(self, forge: str) -> None:
        payload = push(ref="refs/tags/v1.0", before=ZERO, after=TAG_OBJECT, head_commit=None)
        assert isinstance(outcome(forge, "push", payload), Ignored)

    @pytest.mark.parametrize("zero", [ZERO, ZERO_SHA256])
    @pytest.mark.parametrize("ref", ["refs/heads/main", "refs/tags/v1"])
    def test_a_deletion_builds_nothing(self, forge: str, zero: str, ref: str) -> None:
        payload = push(ref=ref, after=zero, head_commit=None)
        assert isinstance(outcome(forge, "push", payload), Ignored)

    def test_a_repository_with_sha256_has_longer_ids(self, forge: str) -> None:
        payload = push(before=ZERO_SHA256, after=SHA256, head_commit={"id": SHA256, "message": "x"})
        got = change(forge, "push", payload)
        assert (got.sha, got.base_sha) == (SHA256, None)

    def test_other_refs_build_nothing(self, forge: str) -> None:
        for ref in ("refs/for/main", "refs/notes/commits", "refs/pull/5/head"):
            assert isinstance(outcome(forge, "push", push(ref=ref)), Ignored)

    def test_without_head_commit_the_title_is_found_among_the_commits(self, forge: str) -> None:
        payload = push(head_commit=None, commits=[{"id": OLD_SHA, "message": "no"}, {"id": SHA, "message": "yes"}])
        got = change(forge, "push", payload)
        assert (got.sha, got.title) == (SHA, "yes")

    def test_file_lists_and_commits_may_be_null(self, forge: str) -> None:
        payload = push(commits=None, head_commit={"id": SHA, "message": None, "added": None})
        assert change(forge, "push", payload).title == ""

    def test_without_a_sender_the_pusher_did_it(self, forge: str) -> None:
        payload = push()
        del payload["sender"]
        assert change(forge, "push", payload).actor == "pat"

    def test_titles_are_one_visible_line_of_bounded_length(self, forge: str) -> None:
        message = "\n\u202eEvil\x1b[31m \u200btitle" + "x" * 500 + "\nmore"
        got = change(forge, "push", push(head_commit={"id": SHA, "message": message}))
        assert got.title.startswith("Evil[31m titlexx")
        assert len(got.title) == 200

    def test_a_missing_field_is_named(self, forge: str) -> None:
        payload = push()
        del payload["after"]
        assert outcome(forge, "push", payload) == Malformed("after", "Field required")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("ref", "main"),
            ("ref", "refs/heads/a b"),
            ("ref", "refs/heads/a\nb"),
            ("ref", "refs/heads/a/../../b"),
            ("ref", "refs/heads/-x"),
            ("ref", "refs/tags/--upload-pack=x"),
            ("ref", "refs/heads/" + "x" * 502),
            ("after", "--upload-pack=x"),
            ("after", "1" * 39),
            ("after", "A" * 40),
            ("after", 7),
            ("head_commit.id", "../x"),
        ],
    )
    def test_a_field_that_could_mislead_git_is_named_and_refused(self, forge: str, field: str, value: Any) -> None:
        first, _, second = field.partition(".")
        result = outcome(forge, "push", push(**{first: {second: value} if second else value}))
        assert isinstance(result, Malformed)
        assert result.field == field


@pytest.mark.parametrize("forge", FORGES)
class TestPullRequests:
    def test_a_pull_request_builds_its_head_from_the_base_repository(self, forge: str) -> None:
        assert change(forge, "pull_request", pull_request()) == Change(
            event="pull_request",
            action="opened",
            sha=SHA,
            ref="refs/pull/5/head",
            fetch_ref="refs/pull/5/head",
            branch="bridge",
            base_sha=OLD_SHA,
            base_branch="main",
            pull_request=5,
            actor="sam",
            title="A better bridge",
            labels=["bug"],
            default_branch="main",
        )

    def test_new_commits_have_one_word_on_all_forges(self, forge: str) -> None:
        action = "synchronize" if forge == "github" else "synchronized"
        assert change(forge, "pull_request", pull_request(action)).action == "synchronize"

    @pytest.mark.parametrize("action", ["reopened", "closed", "edited", "labeled", "something_new"])
    def test_other_actions_keep_their_names(self, forge: str, action: str) -> None:
        assert change(forge, "pull_request", pull_request(action)).action == action

    def test_labels_are_told_as_they_are_now_and_bounded(self, forge: str) -> None:
        labels = [{"name": "ui"}, {"name": None}, {"name": "bug\u202e\n2"}, {"name": "ui"}, {}]
        assert change(forge, "pull_request", pull_request(labels=labels)).labels == ["bug", "ui"]
        assert change(forge, "pull_request", pull_request(labels=None)).labels == []
        many = [{"name": f"{number:03}" + "x" * 500} for number in range(300)]
        got = change(forge, "pull_request", pull_request(labels=many)).labels
        assert (len(got), max(map(len, got))) == (100, 100)

    def test_a_merged_one_is_told(self, forge: str) -> None:
        assert change(forge, "pull_request", pull_request("closed", merged=True)).is_merged
        assert not change(forge, "pull_request", pull_request("closed", merged=None)).is_merged

    @pytest.mark.parametrize("action", ["", "../push", "a/b", "Opened", "x" * 51, "o\n", None])
    def test_an_action_that_could_not_be_a_folder_is_refused(self, forge: str, action: Any) -> None:
        result = outcome(forge, "pull_request", pull_request(action))
        assert isinstance(result, Malformed)
        assert result.field == "action"

    def test_a_head_in_another_repository_is_a_fork(self, forge: str) -> None:
        head = {"sha": SHA, "ref": "main", "repo": {"id": 8}}
        assert change(forge, "pull_request", pull_request(head=head)).is_fork

    def test_a_head_whose_repository_is_gone_is_a_fork(self, forge: str) -> None:
        head = {"sha": SHA, "ref": "refs/pull/5/head", "repo": None}
        got = change(forge, "pull_request", pull_request(head=head))
        assert (got.is_fork, got.branch, got.fetch_ref) == (True, None, "refs/pull/5/head")

    def test_repositories_without_numbers_are_not_the_same(self, forge: str) -> None:
        sides = {side: {"sha": SHA, "ref": "main", "repo": {"id": None}} for side in ("head", "base")}
        assert change(forge, "pull_request", pull_request(**sides)).is_fork

    def test_a_draft_is_told(self, forge: str) -> None:
        assert change(forge, "pull_request", pull_request(draft=True)).is_draft
        assert not change(forge, "pull_request", pull_request(draft=None)).is_draft

    def test_a_missing_field_is_named_with_its_path(self, forge: str) -> None:
        payload = pull_request(head={"ref": "bridge"})
        assert outcome(forge, "pull_request", payload) == Malformed("pull_request.head.sha", "Field required")


@pytest.mark.parametrize("forge", FORGEJO_AND_GITEA)
class TestForgejoAndGitea:
    def test_an_agit_pull_request_counts_as_a_fork_though_its_head_is_in_the_base_repository(self, forge: str) -> None:
        head = {"sha": SHA, "ref": "refs/pull/5/head", "repo": {"id": 7}}
        assert change(forge, "pull_request", pull_request(head=head)).is_fork
        assert change(forge, "pull_request", pull_request(flow=1)).is_fork
        assert not change(forge, "pull_request", pull_request(flow=0)).is_fork

    @pytest.mark.parametrize("sha", [SHA, ZERO])
    def test_the_test_button_is_a_ping(self, forge: str, sha: str) -> None:
        assert outcome(forge, "push", push(before=sha, after=sha)) == Ping()

    def test_an_empty_event_falls_back_to_its_type(self, forge: str) -> None:
        result = normalise(DIALECTS[forge], "", "status", b"{}")
        assert isinstance(result, Ignored)
        assert "status" in result.reason

    @pytest.mark.parametrize(("word", "name"), [("label_updated", "labeled"), ("label_cleared", "unlabeled")])
    def test_labels_have_githubs_words(self, forge: str, word: str, name: str) -> None:
        assert change(forge, "pull_request", pull_request(word)).action == name

    def test_what_says_that_labels_were_only_taken_away_is_unlabeled(self, forge: str) -> None:
        payload = pull_request("label_updated") | {"changes": {"removed_labels": [{"name": "x"}]}}
        assert change(forge, "pull_request", payload).action == "unlabeled"

    @pytest.mark.parametrize(
        ("before", "now", "action"),
        [
            ("WIP: bridge", "bridge", "ready_for_review"),
            ("bridge", "[wip] bridge", "converted_to_draft"),
            ("WIP: bridge", "WIP: better bridge", "edited"),
            ("bridge", "better bridge", "edited"),
        ],
    )
    def test_a_title_that_makes_a_draft_or_none_is_told_as_such(
        self, forge: str, before: str, now: str, action: str
    ) -> None:
        payload = pull_request("edited", title=now) | {"changes": {"title": {"from": before}}}
        assert change(forge, "pull_request", payload).action == action


@pytest.mark.parametrize("forge", FORGES)
@pytest.mark.parametrize("event", ["create", "status", "fork", "issues", "wiki", "something_new"])
def test_events_that_build_nothing_are_ignored_with_a_reason(forge: str, event: str) -> None:
    result = outcome(forge, event, {})
    assert isinstance(result, Ignored)
    assert result.reason


def test_githubs_push_from_a_commit_to_itself_is_no_ping() -> None:
    assert change("github", "push", push(before=SHA, after=SHA)).sha == SHA


def test_a_ping_is_a_ping() -> None:
    assert outcome("github", "ping", {"zen": "Design for failure."}) == Ping()
    assert outcome("local", "ping", {"event": "ping"}) == Ping()


class TestLocalRepositories:
    def test_a_push(self) -> None:
        assert change("local", "push", local_push()) == Change(
            event="push", sha=SHA, ref="refs/heads/main", branch="main", actor="me", title="Try it"
        )

    def test_a_push_of_a_tag_is_a_tag(self) -> None:
        got = change("local", "push", local_push(ref="refs/tags/v1", before=OLD_SHA))
        assert (got.event, got.tag, got.branch, got.base_sha) == ("tag", "v1", None, OLD_SHA)

    def test_any_event_that_can_be_a_folder(self) -> None:
        got = change("local", "manual", local_push(event="manual", action="nightly"))
        assert (got.event, got.action) == ("manual", "nightly")
        assert isinstance(outcome("local", "../x", local_push(event="../x")), Malformed)

    def test_inputs_are_taken_and_wrong_ones_are_named(self) -> None:
        taken = outcome("local", "manual", local_push(event="manual", inputs={"dry-run": "yes"}))
        assert isinstance(taken, Triggered)
        assert taken.inputs == {"dry-run": "yes"}
        refused = outcome("local", "manual", local_push(event="manual", inputs={"1x": "yes"}))
        assert isinstance(refused, Malformed)
        assert (refused.field, refused.problem.split(":")[0]) == ("inputs", "'1x' is no name")
        for wrong in ([1], {"a": 1}, "a=b"):
            malformed = outcome("local", "manual", local_push(event="manual", inputs=wrong))
            assert isinstance(malformed, Malformed)
            assert malformed.field.startswith("inputs")

    def test_the_signed_body_must_say_what_the_header_says(self) -> None:
        result = outcome("local", "push", local_push(event="manual"))
        assert isinstance(result, Malformed)
        assert result.field == "event"

    def test_a_deletion_builds_nothing(self) -> None:
        assert isinstance(outcome("local", "push", local_push(sha=ZERO)), Ignored)
