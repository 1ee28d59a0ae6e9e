"""What a webhook lacks, what an answer says of a token's rights, and which forge answers: without any forge."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from tisktask_common.setup_requests import RightState
from tisktask_reporter.forges import hooks, listing, rights
from tisktask_reporter.forges.hooks import ForgeHook, Wanted
from tisktask_reporter.forges.request import Access, Answer

URL = "https://ci.example.org/api/triggers/gitea"
GITEA = ["push", "delete", "release", "pull_request", "pull_request_sync", "pull_request_label", "pull_request_comment"]


def access(forge: str = "gitea") -> Access:
    return Access(forge, "https://forge.example/api/v1", "octo/demo", SecretStr("t"))


def hook(**fields: Any) -> ForgeHook:
    config = {"url": URL, "content_type": "json"} | fields.pop("config", {})
    whole = {"id": 1, "active": True, "events": [*GITEA, "pull_request_review"], "config": config} | fields
    return ForgeHook.model_validate(whole)


def answer(status: int, body: object = None, message: str = "", **headers: str) -> Answer:
    return Answer(status, headers, message, body)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"active": False}, "switched off"),
        ({"config": {"content_type": "form"}}, "form"),
        ({"config": {"url": "https://old.example/api/triggers/gitea"}}, "leads to"),
        ({"events": ["push"]}, "pull_request"),
        ({"config": {"insecure_ssl": "1"}}, "certificate"),
    ],
)
def test_each_fault_is_said(fields: dict[str, Any], fault: str) -> None:
    assert hooks.faults_of("gitea", hook(), URL) == []
    (said,) = hooks.faults_of("gitea", hook(**fields), URL)
    assert fault in said


def test_reviews_have_other_names_in_other_versions() -> None:
    for name in ("pull_request_review", "pull_request_review_approved"):
        assert hooks.missing_events("forgejo", [*GITEA, name]) == []
    assert hooks.missing_events("forgejo", GITEA) == ["pull_request_review"]


def test_ours_are_known_by_number_or_address_alone() -> None:
    assert hooks.is_ours(hook(config={"url": URL + "/"}), URL, None)
    assert hooks.is_ours(hook(config={"url": "https://old.example/api/triggers/gitea"}), URL, 1)
    assert not hooks.is_ours(hook(config={"url": "https://old.example/api/triggers/gitea"}), URL, 2)
    # A number can be given to another.
    assert not hooks.is_ours(hook(config={"url": "https://chat.example/x"}), URL, 1)
    assert not hooks.is_ours(hook(config={"url": "http://[nowhere/x"}), URL, None)


def test_a_webhook_leads_here_if_its_address_is_ours_however_it_is_spelt() -> None:
    assert hooks.leads_here(hook(config={"url": URL + "/"}), "gitea", "https://CI.example.org/")
    assert hooks.leads_here(hook(), "gitea", URL)
    assert hooks.leads_here(hook(), "gitea", "")
    assert not hooks.leads_here(hook(), "gitea", "https://other.example")
    assert not hooks.leads_here(hook(), "github", "")


def test_what_somebody_has_added_is_kept() -> None:
    old = hook(events=["push", "pull_request_sync", "wiki"], branch_filter="main", authorization_header="Bearer x")
    made = hooks.create_request(access(), Wanted(URL, SecretStr("s")), old, is_active=False).body
    assert made is not None
    assert made["events"] == ["push", "delete", "release", "pull_request", "wiki"]
    assert (made["branch_filter"], made["authorization_header"]) == ("main", "Bearer x")
    changed = hooks.change_request(access("github"), Wanted(URL, SecretStr("s")), hook(events=["*"])).body
    assert changed is not None
    assert changed["events"] == ["*"]
    assert changed["config"]["secret"] == "s"


def test_a_branch_filter_is_only_remarked() -> None:
    assert hooks.faults_of("gitea", hook(branch_filter="main"), URL) == []
    assert "main" in hooks.remarks_on(hook(branch_filter="main"))[0]
    assert hooks.remarks_on(hook(branch_filter="*")) == []


def test_what_is_no_list_of_webhooks_is_not_taken_for_one() -> None:
    assert hooks.read_hooks({"message": "x"}) is None
    assert hooks.read_hooks([{"id": "x"}]) is None
    assert hooks.read_hook(None) is None


@pytest.mark.parametrize(
    ("right", "forge", "status", "state"),
    [
        ("post_statuses", "github", 422, RightState.HAS),
        ("post_statuses", "github", 403, RightState.LACKS),
        ("post_statuses", "github", 404, RightState.LACKS),
        ("post_statuses", "forgejo", 404, RightState.HAS),
        ("post_statuses", "gitea", 500, RightState.HAS),
        ("post_statuses", "github", 500, RightState.UNKNOWN),
        ("post_statuses", "gitea", 403, RightState.LACKS),
        ("write_webhooks", "gitea", 422, RightState.HAS),
        ("write_webhooks", "gitea", 403, RightState.LACKS),
        ("read_webhooks", "github", 404, RightState.LACKS),
        ("read_code", "github", 404, RightState.LACKS),
        ("read_permissions", "forgejo", 200, RightState.HAS),
    ],
)
def test_a_right_is_judged_by_the_answer(right: str, forge: str, status: int, state: RightState) -> None:
    found = rights.judge(right, home(forge), answer(status))
    assert (found.name, found.state) == (right, state)
    assert bool(found.detail) is (state is not RightState.HAS)


def test_who_may_not_push_may_not_post_statuses_whatever_the_forge_stumbles_over() -> None:
    reader = home("gitea", permissions={"pull": True, "push": False})
    assert rights.judge("post_statuses", reader, answer(404)).state is RightState.LACKS


def test_an_empty_repository_can_be_read() -> None:
    assert rights.judge("read_code", home("github", size=0), answer(404)).state is RightState.HAS


def test_what_a_token_needs_is_said_in_its_own_words() -> None:
    classic = rights.judge("post_statuses", home("github", scopes="gist"), answer(404))
    fine = rights.judge(
        "post_statuses", home("github"), answer(403, None, "no", **{"x-accepted-github-permissions": "statuses=write"})
    )
    assert "repo:status" in classic.detail
    assert "Commit statuses: read and write" in fine.detail
    assert "statuses=write" in fine.detail


def home(forge: str, scopes: str | None = None, **fields: Any) -> rights.Home:
    body = {"full_name": "octo/demo", "owner": {"login": "octo"}, "size": 1} | fields
    headers = {} if scopes is None else {"x-oauth-scopes": scopes}
    found = rights.read_home(access(forge), Answer(200, headers, "", body))
    assert found
    return found


def test_nobody_is_asked_about_whose_login_is_not_told() -> None:
    asked = rights.questions(access(), home("gitea", owner={}))
    assert asked["read_permissions"] is None
    assert rights.judge("read_permissions", home("gitea"), None).state is RightState.UNKNOWN
    organisation = home("github", owner={"login": "acme", "type": "Organization"})
    assert rights.questions(access("github"), organisation)["read_permissions"] is None


def test_the_forge_s_clock_is_compared() -> None:
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert rights.clock_seconds(answer(200, date="Mon, 23 Nov 2026 12:01:00 GMT"), now) == 60
    assert rights.clock_seconds(answer(200, date="nonsense"), now) is None
    assert rights.clock_seconds(answer(200), now) is None


def test_only_the_owner_s_are_listed() -> None:
    body = [
        {"full_name": "Acme/x", "clone_url": "u", "permissions": {"admin": True}, "owner": {"login": "Acme"}},
        {"full_name": "acme/y", "clone_url": "u", "archived": True},
        {"full_name": "other/z", "clone_url": "u"},
    ]
    found = listing.read_list(body, "acme")
    assert found is not None
    assert [(one.full_name, one.may_administer, one.is_archived) for one in found] == [
        ("Acme/x", True, False),
        ("acme/y", False, True),
    ]
    assert listing.read_list({}, "acme") is None


def test_an_enterprise_server_is_known_even_if_it_tells_nothing() -> None:
    assert listing.is_enterprise(answer(401, {"message": "x"}, **{"x-github-request-id": "1"}))
    assert not listing.is_enterprise(answer(404, {"message": "x"}))
