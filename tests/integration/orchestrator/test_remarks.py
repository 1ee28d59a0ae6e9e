"""What jobs say about themselves and on their run's page."""

from collections.abc import AsyncIterator

import pytest

from nats_server import NatsServer
from orchestrator_family import begin_child, begin_run
from orchestrator_stage import Stage, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import UserError
from tisktask_common.events import JobAnnotated, JobFinished, JobProgress
from tisktask_common.job_requests import Level
from tisktask_orchestrator.commands.remarks import DESCRIPTIONS_MAX, SUMMARY_BYTES_MAX, TEXT_BYTES_MAX


async def test_a_title_and_a_status_are_shown_and_announced(stage: Stage) -> None:
    job = await begin_run(stage, await stage.runner())
    await job.describe(title="Build on\narm64", status_text="1 of 2")
    await job.describe(title="Build on arm64", status_text="1 of 2")
    await job.describe(status_text="2 of 2")
    await job.describe(summary="# All *fine*\r\n")
    await job.describe(status_text="")
    row = await stage.job(job.work)
    assert (row["name"], row["title"], row["status_text"]) == ("build", "Build on arm64", "")
    assert row["summary"] == "# All *fine*\n"
    await job.end()
    said = [(event.title, event.status_text) for event in await stage.events() if isinstance(event, JobProgress)]
    assert said == [("Build on arm64", "1 of 2"), ("Build on arm64", "2 of 2"), ("Build on arm64", "")]
    assert [event.title for event in await stage.events() if isinstance(event, JobFinished)][-1] == "Build on arm64"


async def test_long_texts_are_cut_or_refused(stage: Stage) -> None:
    job = await begin_run(stage, await stage.runner())
    await job.describe(title="t" * 1000, status_text="s\0" * 1000)
    row = await stage.job(job.work)
    assert (len(row["title"]), len(row["status_text"])) == (200, 140)
    await job.describe(summary="ü" * (SUMMARY_BYTES_MAX // 2))
    with pytest.raises(UserError, match="SUMMARY: at most 65536 bytes"):
        await job.describe(summary="ü" * (SUMMARY_BYTES_MAX // 2) + "x")
    with pytest.raises(UserError, match="ANNOTATE: at most 16384 bytes"):
        await job.annotate("x" * (TEXT_BYTES_MAX + 1))
    with pytest.raises(UserError, match="ANNOTATE: there is no text"):
        await job.annotate(" ")
    with pytest.raises(UserError, match="LINE: a number from 1 on is expected, after FILE"):
        await job.annotate("x", line=1)
    with pytest.raises(UserError, match="LINE"):
        await job.annotate("x", file="a.py", line=0)


async def test_a_job_in_a_loop_does_not_drown_the_events_of_others(stage: Stage) -> None:
    job = await begin_run(stage, await stage.runner())
    await stage.rows("UPDATE orchestrator.jobs SET descriptions = %s WHERE id = %s", DESCRIPTIONS_MAX - 1, job.id)
    await job.describe(status_text="a")
    with pytest.raises(UserError, match="10000 times"):
        await job.describe(status_text="b")
    await job.describe(status_text="a")


async def test_a_remark_is_added_once_and_announced(stage: Stage) -> None:
    job = await begin_run(stage, await stage.runner())
    for _ in range(2):
        await job.annotate("Line is **long**", level=Level.WARNING, file="src/a.py", line=7, request_id="r")
    await job.annotate("<script>")
    rows = await stage.rows("SELECT level, file, line, text, job_id, attempt FROM api.annotations ORDER BY id")
    assert rows == [
        {"level": "warning", "file": "src/a.py", "line": 7, "text": "Line is **long**", "job_id": job.id, "attempt": 1},
        {"level": "notice", "file": None, "line": None, "text": "<script>", "job_id": job.id, "attempt": 1},
    ]
    said = [(event.level, event.text) for event in await stage.events() if isinstance(event, JobAnnotated)]
    assert said == [("warning", "Line is **long**"), ("notice", "<script>")]


@pytest.fixture
async def narrow(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    async with staging(
        bus, nats_server.url, database_url, annotations_per_job_max=2, annotations_per_run_max=3
    ) as stage:
        yield stage


async def test_remarks_are_limited_per_job_and_per_run(narrow: Stage) -> None:
    runner = await narrow.runner()
    parent = await begin_run(narrow, runner)
    child = await begin_child(runner, await parent.spawn())
    await parent.annotate("1", request_id="r")
    await parent.annotate("2")
    with pytest.raises(UserError, match="ANNOTATE by one job: at most 2"):
        await parent.annotate("3")
    await parent.annotate("1", request_id="r")
    await child.annotate("3")
    with pytest.raises(UserError, match="ANNOTATE in one run: at most 3"):
        await child.annotate("4")
