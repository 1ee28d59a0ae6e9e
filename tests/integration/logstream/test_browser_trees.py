"""A person with a browser looks at runs whose jobs make jobs, and say things."""

import re

from playwright.async_api import Page, expect

from logstream_chunks import Sender, make_chunk
from logstream_records import Records, run_event
from logstream_stand import Logstream
from tisktask_common.bus.connection import Bus

EVIL = (
    "</script></div><script>window.hacked=1</script><img src=x onerror=window.hacked=2>\"'"
    " [a](javascript:window.hacked=3) ![b](https://evil.example/c.png) <svg onload=window.hacked=4>"
)


async def test_a_fold_stays_open_and_true_while_the_jobs_in_it_end(
    page: Page, shared: Logstream, shared_bus: Bus, records: Records
) -> None:
    run = records.add_run("acme/folds")
    parent = records.add_job(run, "build", title="Build it all")
    children = [records.add_job(run, f"shard#{i}", parent_job_id=parent, runner=None) for i in range(30)]
    async with page.expect_response(f"**/live/runs/{run}"):
        await page.goto(f"{shared.url}/runs/{run}")
    fold = page.locator("details.fold")
    await expect(fold.locator("summary")).to_have_text(re.compile("30 jobs: 30 running"))
    await expect(page.locator(f"#job-row-{children[7]}")).to_have_count(0)
    await fold.locator("summary").click()
    await expect(page.locator(f"#job-row-{children[7]}")).to_contain_text("Running")
    records.execute("UPDATE api.jobs SET state = 'succeeded' WHERE id = %s", children[7])
    records.execute("UPDATE api.jobs SET state = 'failed', exit_code = 3 WHERE id = %s", children[9])
    await shared_bus.publish_event(run_event(run, "acme/folds"))
    await expect(fold.locator("summary")).to_have_text(re.compile("30 jobs: 1 succeeded, 1 failed, 28 running"))
    await expect(page.locator(f"#job-row-{children[7]}")).to_contain_text("Succeeded")
    # The failed one has left the fold: it stands before it.
    await expect(page.locator(f"#job-row-{children[9]}")).to_contain_text("exit 3")
    assert await fold.locator(f"#job-row-{children[9]}").count() == 0
    await page.locator(f"#job-row-{children[7]}").get_by_role("link", name="shard#7").click()
    await expect(page.get_by_role("heading", name="shard#7")).to_be_visible()
    await page.get_by_role("link", name="Build it all").click()
    await expect(page.get_by_role("heading", name="Build it all")).to_be_visible()


async def test_what_jobs_say_is_text_whatever_it_is(
    page: Page, shared: Logstream, shared_bus: Bus, records: Records
) -> None:
    run = records.add_run("acme/evil", title=EVIL, reason=EVIL, branch=EVIL, actor=EVIL)
    async with page.expect_response(f"**/live/runs/{run}"):
        await page.goto(f"{shared.url}/runs/{run}")
    said = {"title": EVIL, "status_text": EVIL, "summary": EVIL, "reason": EVIL, "shell": EVIL}
    job = records.add_job(run, EVIL, labels=[EVIL], **said)
    records.add_job(run, "queued", state="queued", runner=None, labels=[EVIL])
    records.annotate(run, job, EVIL, level="error", file=EVIL, line=1)
    await shared_bus.publish_event(run_event(run, "acme/evil"))
    await expect(page.locator(".note .markdown")).to_contain_text("window.hacked=1")
    await expect(page.locator("#run-summaries .markdown")).to_contain_text("window.hacked=1")
    await assert_nothing_ran(page)
    await page.goto(f"{shared.url}/jobs/{job}")
    await page.locator("#job-summary summary").click()
    await expect(page.locator("#job-summary .markdown")).to_contain_text("window.hacked=1")
    await assert_nothing_ran(page)
    await page.goto(f"{shared.url}/?repository=acme/evil")
    await expect(page.locator(f"#row-{run}")).to_contain_text("window.hacked=1")
    await assert_nothing_ran(page)


async def assert_nothing_ran(page: Page) -> None:
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("img").count() == 0
    assert await page.locator("svg[onload]").count() == 0
    addresses = await page.locator("a").evaluate_all("links => links.map(link => link.protocol)")
    assert set(addresses) <= {"http:", "https:"}
    outside = page.locator(".markdown a[href^='http']")
    assert set(await outside.evaluate_all("links => links.map(link => link.rel)")) <= {"noopener nofollow"}


async def test_a_container_gets_a_tab_as_soon_as_it_says_something(
    page: Page, shared: Logstream, shared_bus: Bus, records: Records
) -> None:
    job = records.add_job(run := records.add_run(), "test")
    async with page.expect_response("**/live/jobs/*"):
        await page.goto(f"{shared.url}/jobs/{job}")
    await expect(page.locator("#tabs a")).to_have_count(0)
    await Sender(shared_bus, run, job).write(b"the job\n", 0)
    postgres = Sender(shared_bus, run, job, container="postgres")
    await postgres.write(b"ready to accept\n", 0)
    await page.get_by_role("link", name="postgres").click()
    await expect(page.locator("#L1 > span")).to_have_text("ready to accept")
    await postgres.send(make_chunk(16, b"shutting down\n", is_last=True))
    await expect(page.locator("#L2 > span")).to_have_text("shutting down")
    await expect(page.locator("#log-status")).to_have_text("2 lines")
    await page.get_by_role("link", name="Job", exact=True).click()
    await expect(page.locator("#L1 > span")).to_have_text("the job")


async def test_summaries_and_annotations_are_drawn_within_the_policy_of_the_page(
    page: Page, shared: Logstream, records: Records
) -> None:
    repository = records.add_repository("acme/drawn", forge="github")
    run = records.add_run("acme/drawn", repository_id=repository, sha="c" * 40)
    job = records.add_job(run, "cover", summary="|file|lines|\n|:--|--:|\n|`a.py`|93|\n\n```python\nx = 1\n```")
    records.annotate(run, job, "not **used**", level="warning", file="src/a b.py", line=7)
    await page.goto(f"{shared.url}/runs/{run}")
    await expect(page.locator("td", has_text="93")).to_have_css("text-align", "right")
    link = page.get_by_role("link", name="src/a b.py:7")
    await expect(link).to_have_attribute("href", f"https://forge.example/acme/drawn/blob/{'c' * 40}/src/a%20b.py#L7")
    await expect(page.locator(".note strong", has_text="used")).to_be_visible()
