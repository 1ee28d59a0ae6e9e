"""What deliveries mean that are neither pushes nor pull requests: deletions, releases, reviews, commands, Apps' events."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ingest_payloads import OLD_SHA, SHA, ZERO, pull_request
from tisktask_common.events import Change, RerunAsked
from tisktask_common.trigger_events import IGNORED, KINDS, RERUN_EVENTS
from tisktask_ingest.forges import gitea, github
from tisktask_ingest.forges.dialect import DIALECTS, normalise, read_identity
from tisktask_ingest.outcome import Identity, Ignored, Malformed, Outcome, Triggered

FORGES = ["github", "forgejo", "gitea"]
FORGEJO_AND_GITEA = ["forgejo", "gitea"]
HOME = {"id": 7, "full_name": "octo/app", "default_branch": "trunk", "html_url": "https://forge.example/octo/app"}


def outcome(forge: str, event: str, **payload: Any) -> Outcome:
    body = {"repository": HOME, "sender": {"login": "pat"}} | payload
    return normalise(DIALECTS[forge], event, event, json.dumps(body).encode())


def change(forge: str, event: str, **payload: Any) -> Change:
    result = outcome(forge, event, **payload)
    assert isinstance(result, Triggered), result
    return result.change


def test_what_the_table_promises_is_what_is_read() -> None:
    events = {kind.event for kind in KINDS}
    assert set(github.READERS) == {*events, *RERUN_EVENTS} - {"tag"}
    reviews = {"pull_request_approved", "pull_request_rejected", "pull_request_comment"}
    assert set(gitea.READERS) - reviews <= events
    for kind in KINDS:
        for readers, words in ((github.READERS, kind.github), (gitea.READERS, kind.forgejo)):
            assert bool(words) == any(f"`{event}`" in words for event in readers), kind
    assert not set(IGNORED) & {*github.READERS, *gitea.READERS}


@pytest.mark.parametrize("forge", FORGES)
class TestDeletions:
    @pytest.mark.parametrize("ref", ["old", "refs/heads/old"])
    def test_a_branch_is_gone_and_the_default_branch_says_what_runs(self, forge: str, ref: str) -> None:
        assert change(forge, "delete", ref=ref, ref_type="branch") == Change(
            event="delete",
            action="branch",
            sha="",
            ref="refs/heads/old",
            fetch_ref="refs/heads/trunk",
            branch="old",
            actor="pat",
            default_branch="trunk",
        )

    def test_a_tag_is_gone(self, forge: str) -> None:
        got = change(forge, "delete", ref="v1", ref_type="tag", repository={"full_name": "octo/app"})
        assert (got.action, got.ref, got.tag, got.branch, got.fetch_ref) == ("tag", "refs/tags/v1", "v1", None, "HEAD")

    def test_other_refs_build_nothing(self, forge: str) -> None:
        assert isinstance(outcome(forge, "delete", ref="x", ref_type="note"), Ignored)

    @pytest.mark.parametrize("ref", ["", "a b", "../x", "--help", None])
    def test_a_ref_that_could_mislead_is_refused(self, forge: str, ref: Any) -> None:
        assert isinstance(outcome(forge, "delete", ref=ref, ref_type="tag"), Malformed)


@pytest.mark.parametrize("forge", FORGES)
class TestReleases:
    def test_a_release_builds_what_its_tag_names(self, forge: str) -> None:
        assert change(forge, "release", action="published", release={"tag_name": "v1", "name": "One"}) == Change(
            event="release",
            action="published",
            sha="",
            ref="refs/tags/v1",
            tag="v1",
            actor="pat",
            title="One",
            default_branch="trunk",
        )

    def test_both_words_for_a_changed_text_are_one(self, forge: str) -> None:
        for word in ("edited", "updated"):
            assert change(forge, "release", action=word, release={"tag_name": "v1"}).action == "edited"

    def test_a_deleted_one_may_have_no_tag_any_more(self, forge: str) -> None:
        got = change(forge, "release", action="deleted", release={"tag_name": "v1", "draft": True})
        assert (got.tag, got.fetch_ref) == ("v1", "refs/heads/trunk")

    def test_a_draft_builds_nothing(self, forge: str) -> None:
        result = outcome(forge, "release", action="created", release={"tag_name": "v1", "draft": True})
        assert isinstance(result, Ignored)


class TestReviews:
    @pytest.mark.parametrize(
        ("action", "state", "name"),
        [
            ("submitted", "approved", "approved"),
            ("submitted", "CHANGES_REQUESTED", "changes_requested"),
            ("submitted", "commented", "commented"),
            ("submitted", None, "commented"),
            ("dismissed", "dismissed", "dismissed"),
            ("edited", "approved", "edited"),
        ],
    )
    def test_github_tells_what_a_review_says_by_its_state(self, action: str, state: str | None, name: str) -> None:
        body = pull_request(action) | {"review": {"state": state, "commit_id": OLD_SHA}}
        got = change("github", "pull_request_review", **body)
        assert (got.event, got.action, got.sha, got.pull_request) == ("pull_request_review", name, OLD_SHA, 5)

    def test_the_number_may_stand_in_the_pull_request_alone(self) -> None:
        body = pull_request("submitted", number=9) | {"number": None, "review": {"state": "approved"}}
        got = change("github", "pull_request_review", **body)
        assert (got.pull_request, got.sha, got.ref) == (9, SHA, "refs/pull/9/head")
        del body["pull_request"]["number"]
        assert isinstance(outcome("github", "pull_request_review", **body), Malformed)

    @pytest.mark.parametrize("forge", FORGEJO_AND_GITEA)
    @pytest.mark.parametrize(
        ("event", "name"),
        [
            ("pull_request_approved", "approved"),
            ("pull_request_rejected", "changes_requested"),
            ("pull_request_comment", "commented"),
        ],
    )
    def test_forgejo_and_gitea_tell_it_by_the_event(self, forge: str, event: str, name: str) -> None:
        body = pull_request("reviewed") | {"review": {"type": "x", "content": "fine"}}
        got = change(forge, event, **body)
        assert (got.event, got.action, got.sha, got.is_fork) == ("pull_request_review", name, SHA, False)


def comment(body: str | None, **more: Any) -> dict[str, Any]:
    issue = {"number": 5, "title": "A better bridge", "labels": [{"name": "ui"}], "pull_request": {"merged_at": None}}
    return {"action": "created", "issue": issue, "comment": {"body": body, "user": {"login": "sam"}}} | more


@pytest.mark.parametrize("forge", FORGES)
class TestCommands:
    @pytest.mark.parametrize(
        ("text", "action", "command"),
        [
            ("/retest", "retest", "/retest"),
            ("/retest\r\nplease", "retest", "/retest"),
            ("\n  /Deploy-To prod --now  \n", "deploy_to", "/Deploy-To prod --now"),
        ],
    )
    def test_the_first_line_gives_the_command(self, forge: str, text: str, action: str, command: str) -> None:
        got = change(forge, "issue_comment", **comment(text))
        assert (got.event, got.action, got.command) == ("issue_comment", action, command)
        assert (got.sha, got.ref, got.fetch_ref, got.pull_request) == ("", "refs/pull/5/head", "refs/pull/5/head", 5)
        assert (got.actor, got.labels, got.is_fork) == ("pat", ["ui"], True)

    @pytest.mark.parametrize(
        "text", [None, "", "fine", "please\n/retest", "/", "//x", "/usr/bin/env", "/ x", "/1", "> /x"]
    )
    def test_other_comments_build_nothing(self, forge: str, text: str | None) -> None:
        assert isinstance(outcome(forge, "issue_comment", **comment(text)), Ignored)

    @pytest.mark.parametrize("action", ["edited", "deleted"])
    def test_only_new_comments_give_commands(self, forge: str, action: str) -> None:
        assert isinstance(outcome(forge, "issue_comment", **comment("/retest", action=action)), Ignored)

    def test_comments_on_issues_build_nothing(self, forge: str) -> None:
        payload = comment("/retest", issue={"number": 5, "title": "It is broken"}, is_pull=False)
        assert isinstance(outcome(forge, "issue_comment", **payload), Ignored)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("2026-11-20T12:30:00Z", datetime(2026, 11, 20, 12, 30, tzinfo=UTC)),
            ("2026-11-20T13:30:00+01:00", datetime(2026, 11, 20, 12, 30, tzinfo=UTC)),
            ("2026-11-20T12:30:00", None),
            ("yesterday", None),
            (None, None),
        ],
    )
    def test_it_is_told_when_a_comment_was_written_if_that_can_be_read(
        self, forge: str, text: str | None, told: datetime | None
    ) -> None:
        body = comment("/ok-to-test")
        got = outcome(forge, "issue_comment", **body | {"comment": {**body["comment"], "created_at": text}})
        assert isinstance(got, Triggered)
        assert got.happened_at == told

    def test_where_the_pull_request_is_told_its_head_is_known(self, forge: str) -> None:
        told = pull_request()["pull_request"]
        got = change(forge, "issue_comment", **comment("/retest", pull_request=told, is_pull=True))
        assert (got.sha, got.base_branch, got.is_fork, got.labels) == (SHA, "main", False, ["bug"])


class TestAppsEvents:
    def test_a_merge_group_builds_what_the_queue_has_put_together(self) -> None:
        group = {
            "head_sha": SHA,
            "head_ref": "refs/heads/gh-readonly-queue/main/pr-5",
            "base_sha": OLD_SHA,
            "base_ref": "refs/heads/main",
            "head_commit": {"message": "Merge 5\n\nmore"},
        }
        got = change("github", "merge_group", action="checks_requested", merge_group=group)
        assert (got.sha, got.base_sha, got.base_branch, got.title) == (SHA, OLD_SHA, "main", "Merge 5")
        assert got.branch == "gh-readonly-queue/main/pr-5"
        assert isinstance(outcome("github", "merge_group", action="destroyed", merge_group=group), Ignored)

    @pytest.mark.parametrize(("ref", "full"), [("main", "refs/heads/main"), ("refs/tags/v1", "refs/tags/v1")])
    def test_a_workflow_that_is_started_by_hand(self, ref: str, full: str) -> None:
        got = change("github", "workflow_dispatch", ref=ref, workflow=".github/workflows/deploy.yml", inputs=None)
        assert (got.event, got.action, got.ref, got.sha) == ("workflow_dispatch", "deploy", full, "")

    def test_inputs_are_given_to_the_run(self) -> None:
        result = outcome("github", "workflow_dispatch", ref="main", inputs={"env": "prod", "dry-run": True, "x": None})
        assert isinstance(result, Triggered)
        assert result.inputs == {"env": "prod", "dry-run": "true"}

    @pytest.mark.parametrize(
        "inputs", [{"a b": "x"}, {"x": "y" * 5000}, {f"n{number}": "" for number in range(60)}, {"x": "\0"}]
    )
    def test_inputs_that_can_not_be_variables_are_refused(self, inputs: dict[str, str]) -> None:
        result = outcome("github", "workflow_dispatch", ref="main", inputs=inputs)
        assert isinstance(result, Malformed)
        assert result.field == "inputs"

    @pytest.mark.parametrize("workflow", [None, "", "/", ".github/workflows/.yml", "a b.yml", "..", "é.yml"])
    def test_a_workflow_whose_name_is_no_folder_has_no_action(self, workflow: str | None) -> None:
        assert change("github", "workflow_dispatch", ref="main", workflow=workflow).action is None

    @pytest.mark.parametrize("action", ["on-demand-test", "v1.2", "Deploy"])
    def test_a_program_names_its_event_itself(self, action: str) -> None:
        got = change("github", "repository_dispatch", action=action, branch="main", client_payload={})
        assert (got.action, got.ref) == (action, "refs/heads/main")

    @pytest.mark.parametrize("action", ["", "../push", "a/b", ".x", "-x", "a..b", "a b", "x" * 101, None, 7])
    def test_but_not_so_that_it_is_no_folder(self, action: Any) -> None:
        assert isinstance(outcome("github", "repository_dispatch", action=action), Malformed)

    def test_the_buttons_that_run_checks_again(self) -> None:
        run = {"head_sha": SHA, "name": "tisktask/push", "external_id": "run_1", "check_suite": {"head_sha": SHA}}
        result = outcome("github", "check_run", action="rerequested", check_run=run)
        assert isinstance(result, Triggered)
        assert result.rerun == RerunAsked(check="tisktask/push", external_id="run_1")
        assert (result.change.sha, result.change.ref) == (SHA, "refs/heads/trunk")
        suite = {"head_sha": SHA, "head_branch": "bridge"}
        result = outcome("github", "check_suite", action="rerequested", check_suite=suite)
        assert isinstance(result, Triggered)
        assert (result.rerun, result.change.branch) == (RerunAsked(), "bridge")
        for action in ("requested", "completed"):
            assert isinstance(outcome("github", "check_suite", action=action, check_suite=suite), Ignored)

    @pytest.mark.parametrize(("oid", "sha"), [(SHA, SHA), (None, ""), ("main", ""), (ZERO, "")])
    def test_a_package_builds_its_own_commit_where_that_is_told(self, oid: str | None, sha: str) -> None:
        package = {"name": "bridge", "package_version": {"version": "1.0", "target_oid": oid}}
        got = change("github", "package", action="published", package=package)
        assert (got.sha, got.ref, got.title) == (sha, "refs/heads/trunk", "bridge 1.0")


def identity(forge: str, event: str, payload: dict[str, Any]) -> Any:
    return read_identity(DIALECTS[forge], event, json.dumps(payload).encode())


class TestIdentities:
    def test_a_repository_has_a_name_a_number_and_a_host(self) -> None:
        assert identity("gitea", "push", {"repository": HOME}) == Identity("octo/app", 7, "forge.example")

    @pytest.mark.parametrize("odd", [None, -1, 0, True, "7", 2**60, [], {}])
    def test_what_is_odd_besides_the_name_is_as_if_it_had_not_been_told(self, odd: Any) -> None:
        payload = {"repository": {"full_name": "octo/app", "id": odd if odd is not True else -7, "html_url": odd}}
        got = identity("github", "push", payload)
        assert (got.full_name, got.external_id) == ("octo/app", None)

    def test_a_renamed_repository_has_a_former_name(self) -> None:
        changes = {"repository": {"name": {"from": "bridge"}}}
        payload = {"repository": HOME | {"name": "app", "owner": {"login": "octo"}}, "changes": changes}
        assert identity("github", "repository", payload).former_name == "octo/bridge"

    @pytest.mark.parametrize("kind", ["user", "organization"])
    def test_a_transferred_repository_has_a_former_owner(self, kind: str) -> None:
        changes = {"owner": {"from": {kind: {"login": "sam"}}}}
        payload = {"repository": HOME | {"name": "app", "owner": {"login": "octo"}}, "changes": changes}
        assert identity("github", "repository", payload).former_name == "sam/app"

    @pytest.mark.parametrize("forge", FORGEJO_AND_GITEA)
    def test_a_fork_is_told_the_other_way_round(self, forge: str) -> None:
        fork = {"full_name": "sam/app"}
        assert identity(forge, "fork", {"repository": fork, "forkee": HOME}).full_name == "octo/app"
        assert identity("github", "fork", {"repository": HOME, "forkee": fork}).full_name == "octo/app"
