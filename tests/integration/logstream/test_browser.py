"""A person with a browser: signs in, sees a run change, follows a log in colour."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, expect

from logstream_chunks import Sender, make_chunk
from logstream_records import Records, run_event
from logstream_stand import Logstream
from tisktask_common.bus.connection import Bus


async def test_lists_and_runs_change_before_the_eyes(
    page: Page, shared: Logstream, shared_bus: Bus, records: Records
) -> None:
    created_at = datetime.now(UTC) - timedelta(hours=2)
    warnings = ["deploy: chmod +x it"]
    run = records.add_run("acme/seen", title="First", state="preparing", warnings=warnings, created_at=created_at)
    await page.goto(f"{shared.url}/?repository=acme/seen")
    row = page.locator(f"#row-{run}")
    await expect(row).to_contain_text("Preparing")
    await expect(row.locator("time")).to_have_text("2 hours ago")
    async with page.expect_response(lambda answer: "/live/runs?" in answer.url):
        await page.reload()
    newer = records.add_run("acme/seen", title="Second")
    records.execute("UPDATE api.runs SET state = 'failed', finished_at = now() WHERE id = %s", run)
    await shared_bus.publish_event(run_event(run, "acme/seen"))
    await shared_bus.publish_event(run_event(newer, "acme/seen"))
    await expect(row).to_contain_text("Failed")
    await expect(page.locator("#rows > li").first).to_contain_text("Second")
    async with page.expect_response(f"**/live/runs/{run}"):
        await row.get_by_role("link", name="First").click()
    await expect(page.get_by_text("deploy: chmod +x it")).to_be_visible()
    records.add_job(run, "lint", state="failed", exit_code=7, reason="It said no")
    await shared_bus.publish_event(run_event(run, "acme/seen"))
    await expect(page.get_by_text("It said no")).to_be_visible()
    await expect(page.get_by_text("exit 7")).to_be_visible()


async def test_a_log_is_followed_in_colour(page: Page, shared: Logstream, shared_bus: Bus, records: Records) -> None:
    job = records.add_job(run := records.add_run(), "test")
    sender = Sender(shared_bus, run, job)
    await page.goto(f"{shared.url}/jobs/{job}")
    await expect(page.get_by_text("Waiting for the first line")).to_be_visible()
    text = b"\x1b[32mgreen\x1b[0m \x1b[1;38;2;1;2;3mpainted\x1b[0m <b>&amp;\n10%\r100%\nrun"
    await sender.write(text, 0)
    await expect(page.locator("#L1 .ansi-green-fg")).to_have_text("green")
    await expect(page.locator("#L1 .ansi-bold")).to_have_css("color", "rgb(1, 2, 3)")
    await expect(page.locator("#L1 > span")).to_have_text("green painted <b>&amp;")
    await expect(page.locator("#L2 > span")).to_have_text("100%")
    await expect(page.locator("#L3 > span")).to_have_text("run")
    await sender.write(b"ning\n", len(text))
    await expect(page.locator("#L3 > span")).to_have_text("running")
    rest = b"".join(b"more %d\n" % number for number in range(4, 3001))
    await sender.send(make_chunk(len(text) + 5, rest, stream=2, is_last=True))
    await expect(page.locator("#L3000")).to_be_in_viewport()
    await expect(page.locator("#log-status")).to_have_text("3,000 lines")
    await expect(page.locator("#L3000")).to_have_attribute("data-s", "stderr")


async def test_a_long_log_opens_at_its_end_or_at_a_line_and_loads_the_rest(
    page: Page, shared: Logstream, shared_bus: Bus, records: Records
) -> None:
    job = records.add_job(run := records.add_run(), "test")
    text = b"".join(b"line %d\n" % number for number in range(1, 5001))
    await Sender(shared_bus, run, job).send(make_chunk(0, text, is_last=True))
    await page.goto(f"{shared.url}/jobs/{job}")
    await expect(page.locator("#log-status")).to_have_text("5,000 lines")
    await expect(page.locator("#L5000")).to_be_in_viewport()
    assert await page.locator(".line").count() < 2000
    await page.locator("#log").hover()
    await page.mouse.wheel(0, -50_000)
    await expect(page.locator("#L3500")).to_be_attached()
    await expect(page.get_by_label("Follow")).not_to_be_checked()
    await page.goto("about:blank")
    await page.goto(f"{shared.url}/jobs/{job}#L777")
    await expect(page.locator("#L777.is-linked")).to_be_in_viewport()
    numbers = await page.locator(".line").evaluate_all("rows => rows.map(row => Number(row.id.slice(1)))")
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
