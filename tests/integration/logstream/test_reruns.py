"""Running again what has ended: through the API and the pages, and how re-runs are shown."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from logstream_chunks import Sender, make_chunks, numbered
from logstream_records import Records, run_event
from logstream_stand import Client, Logstream, collect, get_valid, until, whole_lines
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import ConflictError
from tisktask_common.events import RunCreated
from tisktask_common.ids import RunId, TriggerId
from tisktask_common.orders import CancelJob, CancelRun, RerunJob, RerunMode, RerunRun, RunMade
from tisktask_common.rpc import Accepted

Orders = list[RerunRun | RerunJob]


@pytest.fixture
async def orders(shared_bus: Bus, records: Records) -> Orders:
    """What was asked of the orchestrator, which knows no runs #0."""
    heard: Orders = []
    new = records.add_run(number=8)

    async def answer(order: RerunRun | RerunJob, caller: str) -> RunMade:
        assert (caller, order.actor) == ("logstream", "admin")
        if isinstance(order, RerunRun) and order.run_id == "run_going":
            raise ConflictError("run #1 has not ended")
        before = any(order.request_id == one.request_id for one in heard)
        heard.append(order)
        return RunMade(run_id=RunId(new), number=8, is_new=not before)

    await shared_bus.answer(RerunRun, answer, "orchestrator")
    await shared_bus.answer(RerunJob, answer, "orchestrator")
    return heard


async def post(client: Client, path: str, **options: Any) -> Any:
    async with client.http.post(f"/api/v1{path}", **options) as answer:
        assert answer.status == 201, await answer.text()
        return await answer.json()


async def test_the_api_passes_on_what_is_to_run_again(client: Client, orders: Orders) -> None:
    made = await post(client, "/runs/run_1/rerun")
    assert (made["number"], made["is_new"]) == (8, True)
    await post(client, "/runs/run_1/rerun", json={"failed": True, "request_id": "mine"})
    assert not (await post(client, "/runs/run_1/rerun", json={"failed": True, "request_id": "mine"}))["is_new"]
    await post(client, "/jobs/job_1/rerun")
    await post(client, "/jobs/job_1/rerun", json={"request_id": "other"})
    runs = [order for order in orders if isinstance(order, RerunRun)]
    assert [order.mode for order in runs] == [RerunMode.ALL, RerunMode.FAILED, RerunMode.FAILED]
    assert [order.request_id for order in orders[1:3]] == ["mine", "mine"]
    assert orders[0].request_id != orders[3].request_id
    assert isinstance(orders[4], RerunJob)
    assert (orders[4].job_id, orders[4].request_id) == ("job_1", "other")


async def test_the_api_refuses_what_it_does_not_know(client: Client, orders: Orders) -> None:
    refused = await client.status_and_error("POST", "/api/v1/runs/run_going/rerun")
    assert refused == (409, "conflict", "run #1 has not ended")
    for body in ({"faild": True}, {"failed": "yes"}, {"request_id": ""}, {"request_id": "x" * 101}):
        assert (await client.status_and_error("POST", "/api/v1/runs/run_1/rerun", json=body))[0] == 400
    assert (await client.status_and_error("POST", "/api/v1/jobs/job_1/rerun", json={"failed": True}))[0] == 400
    assert (await client.status_and_error("POST", "/api/v1/jobs/job_1/rerun", data="x"))[0] == 415
    assert orders == []


async def test_a_run_and_its_reruns_know_each_other(client: Client, records: Records) -> None:
    old, new = records.add_run(number=3), records.add_run(number=4)
    records.insert("reruns", run_id=new, number=4, rerun_of=old, rerun_of_number=3)
    shown = await get_valid(client, f"/api/v1/runs/{new}", "/api/v1/runs/{id}")
    assert (shown["rerun_of"], shown["rerun_of_number"], shown["reruns"]) == (old, 3, [])
    repeated = await get_valid(client, f"/api/v1/runs/{old}", "/api/v1/runs/{id}")
    assert (repeated["rerun_of"], repeated["reruns"]) == (None, [{"run_id": new, "number": 4}])
    listed = (await client.get("/api/v1/runs"))["items"]
    assert {run["id"]: run["rerun_of"] for run in listed if run["id"] in {old, new}} == {old: None, new: old}


async def carried(records: Records) -> tuple[str, str, str, str]:
    """A run with a job, and its re-run to which the job was carried over: run, job, run, job."""
    old, new = records.add_run(number=3, state="failed"), records.add_run(number=4, state="failed")
    job = records.add_job(old, state="succeeded", exit_code=0)
    kept = records.add_job(new, state="succeeded", exit_code=0, runner=None, reason="Carried over from run #3.")
    for run in (old, new):
        records.add_job(run, "prepare", kind="prepare", state="succeeded")
        records.add_job(run, "lint", state="failed", exit_code=1)
    records.insert("reruns", run_id=new, number=4, rerun_of=old, rerun_of_number=3)
    records.insert("carried_jobs", job_id=kept, carried_from=job, carried_from_run=old)
    return old, job, new, kept


async def is_complete(client: Client, job: str) -> bool:
    return (await client.get(f"/api/v1/jobs/{job}/log", tail=1))["complete"]


async def test_a_carried_job_has_the_log_and_the_attempts_of_the_one_that_ran(
    client: Client, records: Records, shared_bus: Bus
) -> None:
    old, job, _, kept = await carried(records)
    await Sender(shared_bus, old, job).send(*make_chunks(numbered(3), 1000))
    await until(lambda: is_complete(client, job))
    shown = await get_valid(client, f"/api/v1/jobs/{kept}", "/api/v1/jobs/{id}")
    assert (shown["carried_from"], shown["carried_from_run"], shown["attempt"]) == (job, old, 1)
    assert [attempt["attempt"] for attempt in shown["attempts"]] == [1]
    assert await is_complete(client, kept)
    lines = whole_lines(await collect(client, kept))
    assert lines == whole_lines(await collect(client, job)) == [(n, f"line {n} of the log") for n in (1, 2, 3)]


async def test_the_pages_link_a_rerun_both_ways_and_run_again_once_for_a_double_click(
    page: Page, shared: Logstream, records: Records, orders: Orders
) -> None:
    old, job, new, kept = await carried(records)
    await page.goto(f"{shared.url}/jobs/{kept}")
    await page.get_by_role("link", name="The job that ran").click()
    await page.wait_for_url(f"**/jobs/{job}")
    await page.goto(f"{shared.url}/runs/{new}")
    await page.get_by_role("link", name="#3", exact=True).click()
    await page.wait_for_url(f"**/runs/{old}")
    await expect(page.get_by_role("link", name="#4", exact=True)).to_be_visible()
    for _ in range(2):
        await page.goto(f"{shared.url}/runs/{old}")
        await page.get_by_role("button", name="Re-run failed jobs").click()
        await expect(page.get_by_text("#8", exact=True)).to_be_visible()
    await page.goto(f"{shared.url}/runs/{old}")
    await page.get_by_role("button", name="Re-run all jobs").click()
    await expect(page.get_by_text("#8", exact=True)).to_be_visible()
    await page.goto(f"{shared.url}/jobs/{job}")
    await page.get_by_role("button", name="Re-run job").click()
    await expect(page.get_by_text("#8", exact=True)).to_be_visible()
    assert [order.request_id for order in orders] == ["page-1-failed"] * 2 + ["page-1-all", f"page-1-{job}"]


async def test_what_is_at_work_has_no_button_to_run_it_again(page: Page, shared: Logstream, records: Records) -> None:
    run = records.add_run()
    job = records.add_job(run, state="failed")
    for path in (f"/runs/{run}", f"/jobs/{job}"):
        await page.goto(shared.url + path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await expect(page.get_by_role("button", name="Re-run")).to_have_count(0)


async def test_an_older_runs_page_shows_a_rerun_that_somebody_makes_elsewhere(
    page: Page, shared: Logstream, shared_bus: Bus, records: Records
) -> None:
    old, *_ = await carried(records)
    async with page.expect_response(f"**/live/runs/{old}"):
        await page.goto(f"{shared.url}/runs/{old}")
    await expect(page.get_by_text("#4", exact=True)).to_be_visible()
    newer = records.add_run(number=5)
    records.insert("reruns", run_id=newer, number=5, rerun_of=old, rerun_of_number=3)
    created = RunCreated(
        **dict(run_event(newer)) | {"type": "run.created"}, trigger_id=TriggerId("trg_1"), rerun_of=RunId(old)
    )
    await shared_bus.publish_event(created)
    await page.get_by_role("link", name="#5", exact=True).click()
    await page.wait_for_url(f"**/runs/{newer}")


async def test_the_buttons_work_without_javascript(
    plain_page: Page, shared: Logstream, shared_bus: Bus, records: Records, orders: Orders
) -> None:
    old, job, *_ = await carried(records)
    for where, button in ((f"/runs/{old}", "failed jobs"), (f"/runs/{old}", "all jobs"), (f"/jobs/{job}", "job")):
        await plain_page.goto(shared.url + where)
        await plain_page.get_by_role("button", name=f"Re-run {button}").click()
        await expect(plain_page.get_by_text("#8", exact=True)).to_be_visible()
    cancelled: list[str] = []

    async def note(order: CancelRun | CancelJob, _: str) -> Accepted:
        cancelled.append(order.run_id if isinstance(order, CancelRun) else order.job_id)
        return Accepted(accepted=True)

    await shared_bus.answer(CancelRun, note, "orchestrator")
    await shared_bus.answer(CancelJob, note, "orchestrator")
    going = records.add_run()
    busy = records.add_job(going)
    for where, name in ((f"/runs/{going}", "Cancel run"), (f"/jobs/{busy}", "Cancel job")):
        await plain_page.goto(shared.url + where)
        await plain_page.get_by_role("button", name=name).click()
        await plain_page.wait_for_url(f"**{where}")
        await expect(plain_page.get_by_role("heading", level=1)).to_be_visible()
    assert cancelled == [going, busy]
    # A program may take its time to end.
    records.insert("stopping_jobs", job_id=busy, stop_state="cancelled")
    await plain_page.reload()
    await expect(plain_page.get_by_role("button", name="Cancelling…")).to_be_disabled()


async def test_a_button_that_can_not_do_it_says_why_and_leads_back(
    plain_page: Page, shared: Logstream, records: Records, orders: Orders
) -> None:
    """The run has been started again meanwhile, as far as the orchestrator knows."""
    records.execute("DELETE FROM api.runs WHERE id = 'run_going'")
    records.add_run(id="run_going", state="failed")
    await plain_page.goto(f"{shared.url}/runs/run_going")
    await plain_page.get_by_role("button", name="Re-run all jobs").click()
    await expect(plain_page.get_by_text("run #1 has not ended")).to_be_visible()
    await plain_page.get_by_role("link", name="Back to the page").click()
    await plain_page.wait_for_url("**/runs/run_going")
    assert orders == []


async def test_a_button_while_the_orchestrator_is_away_says_so(
    plain_page: Page, shared: Logstream, records: Records
) -> None:
    run = records.add_run(state="failed")
    await plain_page.goto(f"{shared.url}/runs/{run}")
    await plain_page.get_by_role("button", name="Re-run all jobs").click()
    await expect(plain_page.get_by_text("does not answer at the moment. Try again shortly.")).to_be_visible()
