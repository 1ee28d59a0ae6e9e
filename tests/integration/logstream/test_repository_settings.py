"""Settings of a repository over HTTP: what is passed on, what is refused, what is shown."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from logstream_records import Records
from logstream_stand import Client, Logstream
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import NotFoundError
from tisktask_common.events import Value
from tisktask_common.ids import RepositoryId
from tisktask_common.reporting import SetApp, SetComment
from tisktask_common.repository_settings import ChangeRepository, RepositorySettings
from tisktask_common.rpc import Accepted, AskPublicKey, PublicKey
from tisktask_common.sealing import KeyPair


@pytest.mark.parametrize(
    ("body", "order"),
    [
        ({"supersede_branches": True}, {"supersede_branches": True}),
        ({"supersede_pull_requests": False, "priority": -10}, {"supersede_pull_requests": False, "priority": -10}),
        ({"reconcile": False}, {"reconcile": False}),
        ({"jobs_max": 3}, {"jobs_max": 3}),
        # null is a value: no limit. Left out, it stays.
        ({"jobs_max": None}, {"jobs_max": 0}),
        ({}, {}),
    ],
)
async def test_what_is_given_is_passed_on(
    shared_bus: Bus, client: Client, records: Records, body: dict[str, Any], order: dict[str, Any]
) -> None:
    repository = records.add_repository("acme/set")
    received: list[ChangeRepository] = []

    async def change(request: ChangeRepository, _caller: str) -> Value:
        received.append(request)
        return RepositorySettings(supersede_pull_requests=True, supersede_branches=True, jobs_max=None, priority=0)

    await shared_bus.answer(ChangeRepository, change, "orchestrator")
    async with client.http.patch(f"/api/v1/repositories/{repository}", json=body) as answer:
        assert (answer.status, (await answer.json())["id"]) == (200, repository)
    assert [request.model_dump(exclude_none=True) for request in received] == [{"repository_id": repository} | order]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"jobs_max": 0}, "jobs_max"),
        ({"jobs_max": 10_001}, "jobs_max"),
        ({"jobs_max": "3"}, "jobs_max"),
        ({"priority": 11}, "priority"),
        ({"priority": -11}, "priority"),
        ({"priority": None}, "priority"),
        ({"priority": 1.5}, "priority"),
        ({"reconcile": None}, "reconcile"),
        ({"supersede_branches": "on"}, "supersede_branches"),
        ({"supersede_pull_requests": None}, "supersede_pull_requests"),
        ({"full_name": "a/b"}, "full_name"),
    ],
)
async def test_what_is_no_setting_is_refused(client: Client, body: dict[str, Any], field: str) -> None:
    status, code, message = await client.status_and_error("PATCH", "/api/v1/repositories/repo_1", json=body)
    assert (status, code) == (400, "bad_request")
    assert field in message


async def test_an_unknown_repository_is_not_changed(shared_bus: Bus, client: Client) -> None:
    async def change(request: ChangeRepository, _caller: str) -> Value:
        raise NotFoundError(f"there is no repository {request.repository_id}")

    await shared_bus.answer(ChangeRepository, change, "orchestrator")
    status, code, _ = await client.status_and_error("PATCH", "/api/v1/repositories/repo_1", json={"priority": 1})
    assert (status, code) == (404, "not_found")


async def test_settings_are_listed_and_on_the_page(client: Client, records: Records) -> None:
    records.insert(
        "repositories", id="repo_limited", forge="github", full_name="acme/limited", clone_url="https://x.example/a",
        api_url="", has_token=False, has_webhook_secret=False, supersede_branches=True, jobs_max=7, priority=-3,
    )  # fmt: skip
    (item,) = (i for i in (await client.get("/api/v1/repositories"))["items"] if i["id"] == "repo_limited")
    settings = ("supersede_pull_requests", "supersede_branches", "jobs_max", "priority")
    assert [item[name] for name in settings] == [True, True, 7, -3]
    async with client.http.get("/repositories") as answer:
        (row,) = (part for part in (await answer.text()).split("<tr>") if "acme/limited" in part)
    assert "<td>pull requests, branches</td><td>7</td><td>-3</td>" in row


async def test_an_app_and_the_comment_are_passed_on(shared_bus: Bus, client: Client, records: Records) -> None:
    repository = records.add_repository("acme/app", forge="github")
    keys, received = KeyPair.generate(), []

    async def change(_request: ChangeRepository, _caller: str) -> Value:
        return RepositorySettings(supersede_pull_requests=True, supersede_branches=True, jobs_max=None, priority=0)

    async def note(request: SetApp | SetComment, _caller: str) -> Value:
        received.append(request)
        return Accepted(accepted=True)

    async def tell_key(_request: AskPublicKey, _caller: str) -> Value:
        return PublicKey(public_key=keys.public)

    await shared_bus.answer(ChangeRepository, change, "orchestrator")
    await shared_bus.answer(SetApp, note, "orchestrator")
    await shared_bus.answer(SetComment, note, "orchestrator")
    await shared_bus.answer(AskPublicKey, tell_key, "orchestrator")
    bodies = [{"app": {"id": "1234", "private_key": "PEM"}}, {"app": None, "has_comment": True}, {"priority": 1}]
    for body in bodies:
        async with client.http.patch(f"/api/v1/repositories/{repository}", json=body) as answer:
            assert answer.status == 200
            assert "PEM" not in await answer.text()
    first, second, third = received
    assert isinstance(first, SetApp)
    assert first.sealed_app_key
    assert (first.app_id, keys.open(first.sealed_app_key).get_secret_value()) == ("1234", "PEM")
    assert second == SetApp(repository_id=RepositoryId(repository), app_id=None, sealed_app_key=None)
    assert third == SetComment(repository_id=RepositoryId(repository), has_comment=True)


async def test_what_is_set_is_shown(client: Client, records: Records) -> None:
    repository = records.add_repository("acme/shown-app", forge="github")
    records.insert("repository_reporting", repository_id=repository, app_id="1234", has_comment=True)
    items = (await client.get("/api/v1/repositories"))["items"]
    (found,) = [item for item in items if item["id"] == repository]
    assert (found["app_id"], found["has_comment"]) == ("1234", True)


async def test_what_stands_in_the_way_of_looks_is_told_and_on_the_pages(client: Client, records: Records) -> None:
    records.insert(
        "repositories", id="repo_seen", forge="github", full_name="acme/seen", clone_url="https://x.example/a",
        api_url="", has_token=True, has_webhook_secret=True, reconcile=True,
    )  # fmt: skip
    records.insert("looks", repository_id="repo_seen", seen_at="2026-01-02T03:04:05Z", deliveries_error="No <right>.")
    (item,) = (i for i in (await client.get("/api/v1/repositories"))["items"] if i["id"] == "repo_seen")
    assert (item["reconcile"], item["look_problems"]) == (True, ["No <right>."])
    assert item["looked_at"].startswith("2026-01-02T03:04:05")
    async with client.http.get("/repositories/repo_seen") as answer:
        page = await answer.text()
    assert "No &lt;right&gt;." in page
    assert "no webhook told of are found" in page


async def test_the_form_on_its_page_changes_settings_also_without_javascript(
    plain_page: Page, shared: Logstream, shared_bus: Bus, records: Records
) -> None:
    repository = records.add_repository("acme/form", jobs_max=3, priority=2)
    received: list[ChangeRepository] = []

    async def change(request: ChangeRepository, _caller: str) -> Value:
        received.append(request)
        return RepositorySettings(supersede_pull_requests=True, supersede_branches=True, jobs_max=None, priority=0)

    await shared_bus.answer(ChangeRepository, change, "orchestrator")
    await plain_page.goto(f"{shared.url}/repositories/{repository}")
    await expect(plain_page.get_by_label("Jobs at once")).to_have_value("3")
    await expect(plain_page.get_by_label("A new commit of a pull request")).to_be_checked()
    await plain_page.get_by_label("A new commit of a pull request").uncheck()
    await plain_page.get_by_label("A push to a branch").check()
    await plain_page.get_by_label("Jobs at once").fill("")
    await plain_page.get_by_label("Priority").fill("-3")
    await plain_page.get_by_role("button", name="Save").click()
    await expect(plain_page.get_by_role("heading", level=1)).to_have_text("acme/form")
    (order,) = received
    assert order.model_dump(exclude_none=True) == {
        "repository_id": repository,
        "supersede_pull_requests": False,
        "supersede_branches": True,
        "jobs_max": 0,
        "priority": -3,
        "forks": "ask",
    }


async def test_the_form_refuses_what_is_out_of_range(plain_page: Page, shared: Logstream, records: Records) -> None:
    """A browser does so by itself; others are told, and led back."""
    repository = records.add_repository("acme/range")
    await plain_page.goto(f"{shared.url}/repositories/{repository}")
    await plain_page.get_by_label("Priority").fill("11")
    await plain_page.get_by_role("button", name="Save").click()
    assert plain_page.url == f"{shared.url}/repositories/{repository}"
    address = f"{shared.url}/repositories/{repository}/settings"
    answer = await plain_page.request.post(address, form={"priority": "11"}, headers={"Origin": shared.url})
    assert answer.status == 400
    text = await answer.text()
    assert "field priority: Input should be less than or equal to 10" in text
    assert f'href="/repositories/{repository}"' in text
