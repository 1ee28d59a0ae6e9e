"""Runs that people start and schedules: over HTTP and on the pages; what is passed on, refused, shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from logstream_records import Records
from logstream_stand import TOKEN, Client, Logstream, get_valid
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import ConflictError, UserError
from tisktask_common.events import Value
from tisktask_common.ids import StartId
from tisktask_common.rpc import Accepted
from tisktask_common.starts import (
    AddSchedule,
    ChangeSchedule,
    RemoveSchedule,
    RunSchedule,
    ScheduleSet,
    StartMade,
    StartRun,
)

Orders = list[Any]
SHA = "ab" * 20
DUE = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
async def orders(shared_bus: Bus, records: Records) -> Orders:
    """What was asked of the orchestrator; it makes of each wish a start that waits."""
    heard: Orders = []

    async def start(order: StartRun | RunSchedule, caller: str) -> StartMade:
        assert caller == "logstream"
        if isinstance(order, StartRun) and order.event == "odd":
            raise UserError("event: 'odd' can not be")
        identifier = f"start_{order.request_id}"
        is_new = all(order != one for one in heard)
        heard.append(order)
        if is_new:
            about = {"repository_id": order.repository_id, "repository": "acme/start"}
            records.insert("starts", id=identifier, **about, ref=getattr(order, "ref", None))
        return StartMade(start_id=StartId(identifier), is_new=is_new)

    async def answer(order: AddSchedule | ChangeSchedule | RemoveSchedule, _caller: str) -> Value:
        heard.append(order)
        if isinstance(order, RemoveSchedule):
            return Accepted(accepted=True)
        if isinstance(order, AddSchedule):
            if order.name == "taken":
                raise ConflictError("there is a schedule taken already")
            records.insert("schedules", id=f"sched_{order.name}", repository_id=order.repository_id, name=order.name)
        return ScheduleSet(name=order.name, next_at=DUE)

    for kind, handler in ((StartRun, start), (RunSchedule, start)):
        await shared_bus.answer(kind, handler, "orchestrator")
    for kind in (AddSchedule, ChangeSchedule, RemoveSchedule):
        await shared_bus.answer(kind, answer, "orchestrator")
    return heard


@pytest.fixture
def repository(records: Records) -> str:
    records.execute("DELETE FROM api.repositories WHERE full_name = 'acme/start'")
    return records.add_repository("acme/start")


async def post(client: Client, path: str, status: int = 202, **options: Any) -> Any:
    async with client.http.post(f"/api/v1{path}", **options) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_the_api_passes_on_what_is_wanted_and_tells_what_became_of_it(
    client: Client, orders: Orders, records: Records, repository: str
) -> None:
    plain = await post(client, f"/repositories/{repository}/runs")
    assert (plain["state"], plain["run_id"], plain["repository"]) == ("waiting", None, "acme/start")
    body = {"ref": "main", "action": "deploy", "inputs": {"env": "live"}, "request_id": "mine"}
    await post(client, f"/repositories/{repository}/runs", json=body)
    await post(client, f"/repositories/{repository}/runs", json={"event": "push", "sha": SHA})
    assert [(one.event, one.action, one.ref, one.sha, one.inputs) for one in orders] == [
        ("manual", None, None, None, {}),
        ("manual", "deploy", "main", None, {"env": "live"}),
        ("push", None, None, SHA, {}),
    ]
    assert (orders[1].request_id, orders[1].actor) == ("mine", "admin")
    run = records.add_run("acme/start")
    records.execute(
        "UPDATE api.starts SET state = 'started', run_id = %s, run_number = 7, run_state = 'running' WHERE id = %s",
        run, "start_mine",
    )  # fmt: skip
    shown = await get_valid(client, "/api/v1/starts/start_mine", "/api/v1/starts/{id}")
    assert (shown["state"], shown["run_id"], shown["run_number"]) == ("started", run, 7)
    path = f"/api/v1/repositories/{repository}/starts"
    listed = await get_valid(client, path, "/api/v1/repositories/{id}/starts", limit=2)
    assert len(listed["items"]) == 2


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"event": "odd"}, 400, "event: 'odd' can not be"),
        ({"inputs": {"1": "x"}}, 400, "inputs: '1' is no name"),
        ({"inputs": {"a": 1}}, 400, "field inputs.a"),
        ({"inputs": ["a"]}, 400, "field inputs"),
        ({"inputs": {"a": "\0"}}, 400, "the value of a has a NUL"),
        ({"inputs": {f"a{n}": "" for n in range(51)}}, 400, "51 were given"),
        ({"ref": ""}, 400, "field ref"),
        ({"ref": 1}, 400, "field ref"),
        ({"reff": "main"}, 400, "field reff"),
        ({"request_id": "x" * 101}, 400, "field request_id"),
    ],
)
async def test_bad_wishes_are_refused_by_field(
    client: Client, orders: Orders, repository: str, body: dict[str, Any], status: int, said: str
) -> None:
    path = f"/api/v1/repositories/{repository}/runs"
    found = await client.status_and_error("POST", path, json=body)
    assert found[0] == status
    assert said in found[2]
    assert orders == []


async def test_schedules_over_http(client: Client, orders: Orders, records: Records, repository: str) -> None:
    path = f"/repositories/{repository}/schedules"
    body = {
        "name": "nightly",
        "cron": "0 3 * * *",
        "time_zone": "Europe/Berlin",
        "inputs": {"a": "b"},
        "overlap": "allow",
    }
    made = await post(client, path, 201, json=body)
    assert (made["name"], made["repository_id"]) == ("nightly", repository)
    assert orders[0].terms.model_dump(mode="json") == {
        name: value for name, value in body.items() if name != "name"
    } | {"ref": None, "is_paused": False}
    refused = await client.status_and_error("POST", f"/api/v1{path}", json=body | {"name": "taken"})
    assert refused == (409, "conflict", "there is a schedule taken already")
    for change, passed in (({"is_paused": True}, {"is_paused": True}), ({"ref": None}, {"ref": ""}), ({}, {})):
        async with client.http.patch(f"/api/v1{path}/nightly", json=change) as answer:
            assert answer.status == 200
        assert orders[-1].model_dump(exclude_none=True) == {"repository_id": repository, "name": "nightly"} | passed
    for wrong in ({"cron": None}, {"overlap": "maybe"}, {"is_paused": "yes"}, {"name": "other"}, {"inputs": {"1": ""}}):
        assert (await client.status_and_error("PATCH", f"/api/v1{path}/nightly", json=wrong))[0] == 400
    records.insert(
        "starts", id="start_last", repository_id=repository, repository="acme/start", event="schedule", state="failed",
        reason="There is no branch or tag gone in the repository.",
    )  # fmt: skip
    records.execute("UPDATE api.schedules SET last_start_id = 'start_last' WHERE repository_id = %s", repository)
    shown = await get_valid(client, f"/api/v1{path}/nightly", "/api/v1/repositories/{id}/schedules/{name}")
    assert (shown["last_start_state"], shown["last_start_reason"]) == (
        "failed", "There is no branch or tag gone in the repository.",
    )  # fmt: skip
    listed = await get_valid(client, f"/api/v1{path}", "/api/v1/repositories/{id}/schedules")
    assert [one["name"] for one in listed["items"]] == ["nightly"]
    await post(client, f"{path}/nightly/run", json={"request_id": "now"})
    assert orders[-1] == RunSchedule(repository_id=repository, name="nightly", request_id="now")
    async with client.http.delete(f"/api/v1{path}/nightly") as answer:
        assert (await answer.json())["accepted"]


async def test_what_is_not_there_is_not_found(client: Client, orders: Orders, repository: str) -> None:
    for method, path in (
        ("GET", "/repositories/repo_x/schedules"),
        ("GET", "/repositories/repo_x/starts"),
        ("GET", f"/repositories/{repository}/schedules/none"),
        ("DELETE", f"/repositories/{repository}/schedules/none"),
        ("GET", "/starts/none"),
    ):
        assert (await client.status_and_error(method, f"/api/v1{path}"))[0] == 404, path
    async with client.http.get("/repositories/repo_x") as answer:
        assert answer.status == 404
    assert orders == []


async def test_a_run_shows_its_inputs_and_its_schedule_escaped(
    page: Page, shared: Logstream, client: Client, records: Records, repository: str
) -> None:
    run = records.add_run("acme/start", repository_id=repository, event="schedule", action="nightly")
    inputs = '{"env": "<b>live</b> & more", "text": "two\\nlines"}'
    records.insert("given", run_id=run, inputs=inputs, schedule="nightly", scheduled_at=DUE)
    shown = await get_valid(client, f"/api/v1/runs/{run}", "/api/v1/runs/{id}")
    assert (shown["inputs"]["env"], shown["schedule"], shown["scheduled_at"]) == (
        "<b>live</b> & more", "nightly", "2026-06-01T03:00:00Z",
    )  # fmt: skip
    await page.goto(f"{shared.url}/runs/{run}")
    await expect(page.locator(".inputs")).to_contain_text("<b>live</b> & more")
    await expect(page.locator(".inputs b")).to_have_count(0)
    await page.get_by_role("link", name="nightly", exact=True).click()
    await page.wait_for_url(f"**/repositories/{repository}#schedules")


async def test_a_person_starts_a_run_with_the_form_and_is_led_to_it(
    page: Page, shared: Logstream, orders: Orders, records: Records, repository: str
) -> None:
    await page.goto(f"{shared.url}/repositories")
    await page.get_by_role("link", name="Run acme/start", exact=True).click()
    await page.get_by_label("Branch, tag or commit").fill(" release/1 ")
    await page.get_by_label("Name", exact=True).fill("deploy")
    await page.get_by_label("Inputs").fill("env=live\n\nnote=a=b c\n")
    await page.get_by_role("button", name="Run", exact=True).click()
    await expect(page.get_by_role("status").get_by_text("release/1")).to_be_visible()
    (order,) = orders
    assert (order.event, order.action, order.ref, order.sha) == ("manual", "deploy", "release/1", None)
    assert order.inputs == {"env": "live", "note": "a=b c"}
    records.execute("UPDATE api.starts SET reason = 'The forge says 502.' WHERE repository_id = %s", repository)
    await expect(page.get_by_text("So far: The forge says 502.")).to_be_visible()
    run = records.add_run("acme/start", number=41)
    records.execute("UPDATE api.starts SET state = 'started', run_id = %s WHERE repository_id = %s", run, repository)
    await expect(page.get_by_text("#41", exact=True)).to_be_visible()
    assert page.url.endswith(f"/runs/{run}")


async def test_the_form_works_without_scripts_once_for_a_double_click_and_for_a_commit(
    page: Page, shared: Logstream, orders: Orders, repository: str
) -> None:
    browser = page.context.browser
    assert isinstance(browser, Browser)
    context = await browser.new_context(java_script_enabled=False, storage_state=await page.context.storage_state())
    plain = await context.new_page()
    await plain.goto(f"{shared.url}/repositories/{repository}")
    await plain.get_by_label("Branch, tag or commit").fill(SHA)
    await plain.get_by_role("button", name="Run", exact=True).dblclick()
    await plain.wait_for_url("**/starts/*")
    await plain.get_by_role("link", name="Back to acme/start").click()
    await expect(plain.get_by_role("heading", name="Asked for lately")).to_be_visible()
    assert {(order.sha, order.ref, order.request_id) for order in orders} == {(SHA, None, orders[0].request_id)}
    await context.close()


async def test_forms_take_nothing_wrong_and_nothing_foreign(
    shared: Logstream, client: Client, orders: Orders, repository: str
) -> None:
    address = f"{shared.url}/repositories/{repository}/runs"
    good = {"request_id": "one", "event": "manual"}
    for form, said in (
        ({"event": "manual"}, "request_id"),
        (good | {"inputs": "no sign"}, "has no ="),
        (good | {"inputs": "a=1\na=2"}, "is given twice"),
        (good | {"inputs": "1=2"}, "is no name"),
        (good | {"event": "odd"}, "can not be"),
        (good | {"more": "x"}, "more"),
    ):
        async with client.http.post(address, data=form, allow_redirects=False) as answer:
            assert answer.status == 400, form
            assert said in await answer.text()
    async with Client(shared.url, token=None) as stranger:
        signing_in = {"data": {"token": TOKEN}, "headers": {"Origin": shared.url}, "allow_redirects": False}
        async with stranger.http.post("/login", **signing_in) as answer:
            session = answer.headers["Set-Cookie"].split(";")[0]
        for origin in ({"Origin": "https://evil.example"}, {}):
            async with stranger.http.post(address, data=good, headers={"Cookie": session} | origin) as answer:
                assert answer.status == 403
    assert orders == []


async def test_schedules_are_on_the_page_with_next_and_last_and_their_buttons(
    page: Page, shared: Logstream, orders: Orders, records: Records, repository: str
) -> None:
    run = records.add_run("acme/start", number=12, state="failed")
    records.insert(
        "starts", id="start_seen", repository_id=repository, repository="acme/start", event="schedule", state="started",
        run_id=run, run_number=12, run_state="failed",
    )  # fmt: skip
    soon = datetime.now(UTC) + timedelta(hours=3, seconds=30)
    records.insert(
        "schedules", id="sched_1", repository_id=repository, name="nightly", time_zone="Europe/Berlin", next_at=soon,
        last_start_id="start_seen", skipped="2026-06-01 03:00 UTC was left out: run #12 of this schedule had not ended.",
    )  # fmt: skip
    records.insert("schedules", id="sched_2", repository_id=repository, name="resting", is_paused=True)
    await page.goto(f"{shared.url}/repositories")
    await page.get_by_role("link", name="nightly, resting").click()
    row = page.get_by_role("row").filter(has_text="nightly")
    await expect(row).to_contain_text("0 3 * * * Europe/Berlin")
    await expect(row.locator("time")).to_have_text("in 3 hours")
    await expect(row).to_contain_text("#12 Failed")
    await expect(row).to_contain_text("was left out: run #12")
    await expect(page.get_by_role("row").filter(has_text="resting")).to_contain_text("paused")
    await page.get_by_role("button", name="Pause nightly").click()
    await expect(row).to_be_visible()
    await page.get_by_role("button", name="Resume resting").click()
    await expect(row).to_be_visible()
    await page.get_by_role("button", name="Run nightly now").click()
    await page.wait_for_url("**/starts/*")
    assert [(order.name, order.is_paused) for order in orders[:2]] == [("nightly", True), ("resting", False)]
    assert isinstance(orders[2], RunSchedule)
