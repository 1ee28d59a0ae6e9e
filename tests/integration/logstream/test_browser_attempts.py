"""A person looks at a job that is tried again: its attempts side by side, each with its log, as they come."""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from logstream_chunks import RUNNER, Sender
from logstream_records import Records, run_event
from logstream_stand import Client, Logstream, get_valid, until
from tisktask_common.bus.connection import Bus


def fail_first(records: Records, job: str, *, next_in_seconds: float) -> None:
    """What the orchestrator writes when an attempt has failed that is followed by another."""
    reason = "Attempt 1 of 3 failed with exit code 75; the next follows after a pause of 30 s."
    records.execute(
        "UPDATE api.attempts SET state = 'failed', exit_code = 75, reason = 'The program ended with exit code 75.',"
        " started_at = now(), finished_at = now() WHERE job_id = %s",
        job,
    )
    records.execute("UPDATE api.jobs SET state = 'queued', attempt = 2, reason = %s WHERE id = %s", reason, job)
    records.execute(
        "UPDATE api.retries SET retries_used = 1, not_before = %s WHERE job_id = %s",
        datetime.now(UTC) + timedelta(seconds=next_in_seconds),
        job,
    )


def begin_second(records: Records, job: str) -> None:
    records.insert("attempts", job_id=job, attempt=2, runner=RUNNER, state="running", started_at=datetime.now(UTC))
    records.execute("UPDATE api.jobs SET state = 'running', reason = '' WHERE id = %s", job)


async def test_attempts_come_live_and_the_log_of_each_is_one_click_away(
    page: Page, shared: Logstream, shared_bus: Bus, records: Records
) -> None:
    job = records.add_job(run := records.add_run(), "moody", started_at=datetime.now(UTC))
    records.insert("retries", job_id=job, retries=2, retry_codes=[75])
    await page.goto(f"{shared.url}/jobs/{job}")
    rows = page.locator(".attempt-row")
    await expect(page.get_by_text("Up to 2 more attempts after exit code 75.")).to_be_visible()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Attempt 1 of 3")
    await Sender(shared_bus, run, job).write(b"the first said no\n", 0, is_last=True)
    await expect(page.locator("#L1")).to_contain_text("the first said no")
    await expect(page.locator("#log-status")).to_have_text("1 line")

    fail_first(records, job, next_in_seconds=30)
    await shared_bus.publish_event(run_event(run))
    await expect(rows).to_have_count(2)
    for said in ("Failed", "exit 75", RUNNER, "The program ended with exit code 75. Attempt 2 follows."):
        await expect(rows.first).to_contain_text(said)
    await expect(rows.last).to_contain_text("Attempt 2 of 3")
    await expect(rows.last).to_contain_text("Queued")
    await expect(rows.last.locator("time")).to_have_text(re.compile(r"in [0-9]+ s"))
    # While nothing has begun, what was said before stays there to be read.
    await expect(page.locator("#L1")).to_contain_text("the first said no")

    begin_second(records, job)
    async with page.expect_navigation():
        await shared_bus.publish_event(run_event(run))
    await Sender(shared_bus, run, job, attempt=2).write(b"the second is at it\n", 0)
    await expect(page.locator("#L1")).to_contain_text("the second is at it")
    await expect(rows.last).to_have_class("attempt-row is-shown")

    await rows.first.get_by_role("link", name="Attempt 1 of 3").click()
    await expect(page.locator("#L1")).to_contain_text("the first said no")
    await expect(rows.first).to_have_class("attempt-row is-shown")
    # Who has asked for this one stays with it.
    records.execute("UPDATE api.jobs SET state = 'succeeded', exit_code = 0 WHERE id = %s", job)
    records.execute("UPDATE api.attempts SET state = 'succeeded', exit_code = 0 WHERE job_id = %s AND attempt = 2", job)
    await shared_bus.publish_event(run_event(run))
    await expect(rows.last).to_contain_text("Succeeded")
    await expect(page.locator("#L1")).to_contain_text("the first said no")


@pytest.mark.parametrize(
    ("scheme", "text", "ground"),
    [("light", "rgb(29, 35, 43)", "rgb(255, 255, 255)"), ("dark", "rgb(228, 232, 238)", "rgb(26, 30, 37)")],
)
async def test_attempts_fit_on_a_phone(
    page: Page, shared: Logstream, records: Records, scheme: Literal["light", "dark"], text: str, ground: str
) -> None:
    job = records.add_job(records.add_run(), "moody", started_at=datetime.now(UTC))
    records.insert("retries", job_id=job, retries=2, retry_on_lost=True)
    fail_first(records, job, next_in_seconds=30)
    await page.emulate_media(color_scheme=scheme)
    await page.set_viewport_size({"width": 375, "height": 740})
    await page.goto(f"{shared.url}/jobs/{job}")
    await expect(page.locator(".attempt-row")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    log = await page.locator("#log").bounding_box()
    assert log and log["height"] >= 100
    await expect(page.locator(".attempt-row .title").first).to_have_css("color", text)
    await expect(page.locator(".attempts > ol")).to_have_css("background-color", ground)


async def test_the_api_tells_the_policy_and_gives_each_log(client: Client, shared_bus: Bus, records: Records) -> None:
    job = records.add_job(run := records.add_run(), "moody")
    path = f"/api/v1/jobs/{job}"
    assert (await get_valid(client, path, "/api/v1/jobs/{id}"))["retries"] is None
    records.insert("retries", job_id=job, retries=2, retry_codes=[75])
    assert (await client.get(path))["retries"]["next_not_before"] is None
    await Sender(shared_bus, run, job).write(b"one\n", 0, is_last=True)
    fail_first(records, job, next_in_seconds=30)
    begin_second(records, job)
    await Sender(shared_bus, run, job, attempt=2).write(b"two\n", 0, is_last=True)
    found = await get_valid(client, path, "/api/v1/jobs/{id}")
    assert found["retries"].pop("next_not_before")
    assert found["retries"] == {"retries": 2, "on_lost": False, "on_codes": [75], "used": 1}
    assert [(one["attempt"], one["state"]) for one in found["attempts"]] == [(1, "failed"), (2, "running")]
    for attempt, said in ((1, "one"), (2, "two")):

        async def line(attempt: int = attempt) -> list[str]:
            page = await client.get(f"{path}/log", attempt=attempt, lines=10)
            return [line["text"] for line in page["lines"]]

        assert await until(line) == [said]
