"""Runs that wait for approval: what the API and the pages say of them, and who may decide how."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from logstream_records import Records, run_event
from logstream_stand import TOKEN, Client, Logstream, get_valid
from tisktask_common.approvals import ApproveRun, DeclineRun, ForkPolicy
from tisktask_common.bus.connection import Bus
from tisktask_common.events import Value
from tisktask_common.repository_settings import ChangeRepository, RepositorySettings
from tisktask_common.rpc import Accepted

Orders = list[ApproveRun | DeclineRun]
WHY = "It comes from a fork: <b>eve</b> may not write to the repository."
EVIL = "</code><script>window.hacked=1</script><img src=x onerror=window.hacked=2>"


@pytest.fixture
async def orders(shared_bus: Bus, records: Records) -> Orders:
    """What was asked of the orchestrator; a run waits once."""
    heard: Orders = []

    async def answer(order: ApproveRun | DeclineRun, caller: str) -> Value:
        assert (caller, order.actor) == ("logstream", "admin")
        if any(one.run_id == order.run_id for one in heard):
            return Accepted(accepted=False, reason="run #7 does not wait for approval: it was approved by admin")
        heard.append(order)
        state = "approved" if isinstance(order, ApproveRun) else "declined"
        records.execute(
            "UPDATE api.run_trust SET state = %s, decided_by = 'admin', decided_at = now() WHERE run_id = %s",
            state,
            order.run_id,
        )
        records.execute(
            "UPDATE api.runs SET state = %s, reason = %s, finished_at = now() WHERE id = %s",
            "preparing" if state == "approved" else "skipped",
            "" if state == "approved" else f"Declined by admin: {getattr(order, 'reason', '')}",
            order.run_id,
        )
        return Accepted(accepted=True)

    await shared_bus.answer(ApproveRun, answer, "orchestrator")
    await shared_bus.answer(DeclineRun, answer, "orchestrator")
    return heard


def add_waiting(records: Records, repository: str = "acme/forked", **trust: Any) -> str:
    run = records.add_run(
        repository, number=7, event="pull_request", action="opened", pull_request=12, branch=None, actor="eve",
        state="awaiting_approval", reason="Waits for approval: it comes from a fork.",
    )  # fmt: skip
    job = records.add_job(run, "inspect", kind="prepare", state="succeeded", path=None)
    assert job
    shown = {"why": WHY, "programs": ["build", "test"], "programs_tree": "5f" * 20, "changes_programs": True}
    records.insert("run_trust", run_id=run, **(shown | trust))
    return run


async def test_a_run_tells_how_it_was_vetted(client: Client, records: Records) -> None:
    run, other = add_waiting(records), records.add_run()
    shown = await get_valid(client, f"/api/v1/runs/{run}", "/api/v1/runs/{id}")
    # What has looked at it prepares nothing: nothing of it can be run again by itself.
    assert (shown["inspection"]["name"], shown["preparation"], shown["jobs"]) == ("inspect", None, [])
    trust = shown["trust"]
    assert trust.pop("held_at")
    assert trust == {
        "is_restricted": True,
        "why": WHY,
        "state": "waiting",
        "programs": ["build", "test"],
        "programs_tree": "5f" * 20,
        "changes_programs": True,
        "decided_by": "",
        "decided_at": None,
        "note": "",
    }
    assert (await get_valid(client, f"/api/v1/runs/{other}", "/api/v1/runs/{id}"))["trust"] is None


async def test_runs_that_wait_are_listed_by_their_state(client: Client, records: Records) -> None:
    run = add_waiting(records, "acme/listed")
    records.add_run("acme/listed")
    page = await client.get("/api/v1/runs", repository="acme/listed", state="awaiting_approval")
    assert [item["id"] for item in page["items"]] == [run]
    assert page["items"][0]["inspection"]["name"] == "inspect"
    prepared = records.add_job(run, "prepare", kind="prepare", path=None)
    (item,) = (await client.get("/api/v1/runs", repository="acme/listed", state="awaiting_approval"))["items"]
    assert (item["preparation"]["id"], item["jobs"]) == (prepared, [])


async def test_the_api_passes_on_what_was_decided(client: Client, records: Records, orders: Orders) -> None:
    first, second, third = (add_waiting(records) for _ in range(3))
    for path, body in ((f"{first}/approve", None), (f"{second}/decline", {"reason": "no\n  thanks"}), (f"{third}/decline", None)):  # fmt: skip
        async with client.http.post(f"/api/v1/runs/{path}", json=body) as answer:
            assert (answer.status, await answer.json()) == (200, {"accepted": True, "reason": ""})
    assert orders == [
        ApproveRun(run_id=first, actor="admin"),
        DeclineRun(run_id=second, actor="admin", reason="no thanks"),
        DeclineRun(run_id=third, actor="admin"),
    ]
    async with client.http.post(f"/api/v1/runs/{first}/approve") as answer:
        done = await answer.json()
    assert (done["accepted"], "does not wait" in done["reason"]) == (False, True)


@pytest.mark.usefixtures("orders")
async def test_the_api_refuses_what_it_does_not_know(client: Client, records: Records) -> None:
    run = add_waiting(records)
    assert (await client.status_and_error("POST", "/api/v1/runs/run_none/approve"))[:2] == (404, "not_found")
    assert (await client.status_and_error("POST", "/api/v1/runs/run_none/decline"))[:2] == (404, "not_found")
    for body in ({"reason": "x" * 301}, {"raeson": "x"}, {"reason": 1}):
        assert (await client.status_and_error("POST", f"/api/v1/runs/{run}/decline", json=body))[0] == 400
    async with Client(client.url, token=None) as stranger:
        assert (await stranger.status_and_error("POST", f"/api/v1/runs/{run}/approve"))[0] == 401


async def test_the_page_says_why_a_run_waits_and_approves_it_without_scripts(
    plain_page: Page, shared: Logstream, records: Records, orders: Orders
) -> None:
    run = add_waiting(records, programs=[f"job-{number:02}" for number in range(60)], note="@eve wrote /ok-to-test.")
    await plain_page.goto(f"{shared.url}/runs/{run}")
    panel = plain_page.get_by_role("region", name="This run waits for approval")
    for words in (
        WHY,
        "Nothing of it has run",
        "eve",
        "#12",
        "ab" * 20,
        "(60 jobs)",
        "job-00",
        "job-49",
        "and 10 more",
    ):
        await expect(panel).to_contain_text(words)
    await expect(panel).not_to_contain_text("job-50")
    await expect(panel).to_contain_text("It changes .tisktask/")
    await expect(panel).to_contain_text("@eve wrote /ok-to-test.")
    await expect(panel).to_contain_text("A new commit asks again.")
    await expect(plain_page.locator("#run-tree")).to_contain_text("Look at what would run")
    await panel.get_by_role("button", name="Approve and run").click()
    await plain_page.wait_for_url(f"{shared.url}/runs/{run}")
    assert orders == [ApproveRun(run_id=run, actor="admin")]
    await expect(panel).to_have_count(0)
    await expect(plain_page.locator("#run-trust")).to_contain_text(f"restricted {WHY} Approved by admin")


async def test_the_page_declines_with_a_reason(
    plain_page: Page, shared: Logstream, records: Records, orders: Orders
) -> None:
    run = add_waiting(records, changes_programs=False)
    await plain_page.goto(f"{shared.url}/runs/{run}")
    await expect(plain_page.locator("#run-trust")).to_contain_text("It does not change .tisktask/")
    await plain_page.get_by_label("Reason").fill("Please split it.")
    await plain_page.get_by_role("button", name="Decline").click()
    await expect(plain_page.locator("#run-head")).to_contain_text("Declined by admin: Please split it.")
    await expect(plain_page.locator("#run-tree")).to_contain_text("No job ran: the run was not approved.")
    assert orders == [DeclineRun(run_id=run, actor="admin", reason="Please split it.")]


async def test_who_comes_too_late_is_told_and_led_back(
    plain_page: Page, shared: Logstream, records: Records, orders: Orders
) -> None:
    run = add_waiting(records)
    await plain_page.goto(f"{shared.url}/runs/{run}")
    orders.append(ApproveRun(run_id=run, actor="admin"))
    await plain_page.get_by_role("button", name="Approve and run").click()
    await expect(plain_page.get_by_text("it was approved by admin")).to_be_visible()
    await expect(plain_page.locator(f'a[href="/runs/{run}"]')).to_have_count(1)


async def test_another_sites_page_approves_nothing(
    client: Client, shared: Logstream, records: Records, orders: Orders
) -> None:
    run = add_waiting(records)
    async with Client(shared.url, token=None) as person:
        signing_in = {"data": {"token": TOKEN}, "headers": {"Origin": shared.url}, "allow_redirects": False}
        async with person.http.post("/login", **signing_in) as answer:
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
            for path in (f"/runs/{run}/approve", f"/runs/{run}/decline", f"/api/v1/runs/{run}/approve"):
                headers = {"Cookie": cookie, **origin}
                async with person.http.post(path, headers=headers, allow_redirects=False) as answer:
                    assert answer.status == 403
        assert (await client.get(f"/api/v1/runs/{run}"))["state"] == "awaiting_approval"
    assert orders == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_panel_comes_by_itself_is_readable_and_fits_a_narrow_screen(
    page: Page, shared: Logstream, shared_bus: Bus, records: Records, scheme: Any
) -> None:
    repository = f"acme/evil-{scheme}"
    run = add_waiting(records, repository, why=EVIL, note=EVIL, programs=[EVIL, "x" * 300], state="inspected")
    records.execute("UPDATE api.runs SET state = 'staged', actor = %s WHERE id = %s", EVIL, run)
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size({"width": 375, "height": 740})
    async with page.expect_response(f"**/live/runs/{run}"):
        await page.goto(f"{shared.url}/runs/{run}")
    await expect(page.locator("#run-trust")).to_contain_text("Its programs are being looked up")
    records.execute("UPDATE api.runs SET state = 'awaiting_approval' WHERE id = %s", run)
    records.execute("UPDATE api.run_trust SET state = 'waiting' WHERE run_id = %s", run)
    await shared_bus.publish_event(run_event(run, repository))
    await expect(page.get_by_role("button", name="Approve and run")).to_be_visible()
    await expect(page.locator("#run-head .badge")).to_have_text("Awaiting approval")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("img").count() == 0
    # Who is about to decline is not led to the other button, and loses no word, when the panel is sent again.
    reason = page.get_by_label("Reason")
    await reason.press_sequentially("no ")
    records.execute("UPDATE api.run_trust SET note = 'eve wrote /ok-to-test' WHERE run_id = %s", run)
    await shared_bus.publish_event(run_event(run, repository))
    await expect(page.locator("#run-trust")).to_contain_text("eve wrote /ok-to-test")
    await expect(reason).to_be_focused()
    await page.keyboard.type("thanks")
    await expect(reason).to_have_value("no thanks")
    await page.goto(f"{shared.url}/?state=awaiting_approval&repository={repository}")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Runs that wait for approval")
    await expect(page.locator(f"#row-{run}")).to_contain_text("Waits for approval: it comes from a fork.")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_trusted_run_has_no_panel(client: Client, records: Records) -> None:
    run, vetted = records.add_run(), records.add_run()
    records.insert("run_trust", run_id=vetted, why="ada may write.", is_restricted=False, state="not_needed")
    for one in (run, vetted):
        async with client.http.get(f"/runs/{one}") as answer:
            assert '<div id="run-trust">\n</div>' in await answer.text()


async def test_the_policy_of_a_repository_is_shown_and_set(
    plain_page: Page, shared: Logstream, shared_bus: Bus, client: Client, records: Records
) -> None:
    repository, other = records.add_repository("acme/policy"), records.add_repository("acme/no-policy")
    records.insert("repository_trust", repository_id=repository, forks="first_timers")
    policies = {item["id"]: item["forks"] for item in (await client.get("/api/v1/repositories"))["items"]}
    assert (policies[repository], policies[other]) == ("first_timers", "ask")
    received: list[ChangeRepository] = []

    async def change(request: ChangeRepository, _caller: str) -> Value:
        received.append(request)
        records.execute(
            "UPDATE api.repository_trust SET forks = %s WHERE repository_id = %s", request.forks, repository
        )
        return RepositorySettings(supersede_pull_requests=True, supersede_branches=True, jobs_max=None, priority=0)

    await shared_bus.answer(ChangeRepository, change, "orchestrator")
    async with client.http.patch(f"/api/v1/repositories/{repository}", json={"forks": "never"}) as answer:
        assert (answer.status, (await answer.json())["forks"]) == (200, "never")
    for body in ({"forks": "always"}, {"forks": None}, {"forks": True}):
        refused = await client.status_and_error("PATCH", f"/api/v1/repositories/{repository}", json=body)
        assert refused[0] == 400
        assert "forks" in refused[2]
    await plain_page.goto(f"{shared.url}/repositories/{repository}")
    choice = plain_page.get_by_label("Runs from forks")
    await expect(choice).to_have_value("never")
    await choice.select_option("without_secrets")
    await plain_page.get_by_role("button", name="Save").click()
    await expect(choice).to_have_value("without_secrets")
    assert [order.forks for order in received] == [ForkPolicy.NEVER, ForkPolicy.WITHOUT_SECRETS]


async def test_an_orchestrator_that_does_not_vet_yet_is_no_error(logstream: Logstream) -> None:
    logstream.records.execute("DROP TABLE api.run_trust")
    logstream.records.execute("DROP TABLE api.repository_trust")
    run, repository = logstream.records.add_run(), logstream.records.add_repository()
    async with Client(logstream.url) as client:
        assert (await client.get(f"/api/v1/runs/{run}"))["trust"] is None
        assert [item["forks"] for item in (await client.get("/api/v1/repositories"))["items"]] == ["ask"]
        for path in (f"/runs/{run}", f"/repositories/{repository}"):
            async with client.http.get(path) as answer:
                assert answer.status == 200
