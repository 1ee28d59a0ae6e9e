"""Runs whose jobs have made jobs: what the API answers, and how their viewers are told without being flooded."""

import asyncio
import re
from typing import Any

import pytest

from logstream_records import Records, run_event
from logstream_stand import Client, Event, get_valid, until
from tisktask_common.bus.connection import Bus


async def test_a_run_shows_all_that_its_jobs_say_of_themselves(client: Client, records: Records) -> None:
    repository = records.add_repository("acme/said")
    run = records.add_run("acme/said", repository_id=repository)
    job = records.add_job(run, "build", title="Build", status_text="half", summary="**done**", result="failed")
    child = records.add_job(
        run, "lint", parent_job_id=job, labels=["gpu"], may_fail=True, is_detached=True, has_status=False,
        arguments=["--fast"], shell="make lint",
    )  # fmt: skip
    records.annotate(run, child, "`x`", level="error", file="a.py", line=3)
    shown = await get_valid(client, f"/api/v1/runs/{run}", "/api/v1/runs/{id}")
    first, second = shown["jobs"]
    assert (first["title"], first["status_text"], first["summary"], first["result"]) == (
        "Build", "half", "**done**", "failed",
    )  # fmt: skip
    assert (second["parent_job_id"], second["labels"], second["arguments"]) == (job, ["gpu"], ["--fast"])
    assert (second["may_fail"], second["is_detached"], second["has_status"], second["shell"]) == (
        True, True, False, "make lint",
    )  # fmt: skip
    (note,) = shown["annotations"]
    assert {**note, "id": 0, "created_at": ""} == {
        "id": 0, "job_id": child, "attempt": 1, "level": "error", "file": "a.py", "line": 3, "text": "`x`",
        "created_at": "",
    }  # fmt: skip
    assert shown["source_url"] == f"https://forge.example/acme/said/src/commit/{'ab' * 20}/"
    alone = await get_valid(client, f"/api/v1/jobs/{job}", "/api/v1/jobs/{id}")
    assert alone["summary"] == "**done**"


async def test_a_list_holds_the_first_jobs_of_each_run_and_counts_them_all(client: Client, records: Records) -> None:
    run = records.add_run("acme/many")
    records.add_job(run, "prepare", kind="prepare", state="succeeded")
    parent = records.add_job(run, "build")
    add_children(records, run, parent, 300)
    late = records.add_job(run, "zz-late-root", summary="x")
    (item,) = (await get_valid(client, "/api/v1/runs", "/api/v1/runs", repository="acme/many"))["items"]
    assert len(item["jobs"]) == 100
    assert [job["id"] for job in item["jobs"][:2]] == [parent, late]
    assert item["jobs"][1]["summary"] is None
    assert (item["jobs_total"], item["jobs_by_state"]) == (302, {"running": 2, "succeeded": 300})
    assert item["preparation"]["name"] == "prepare"
    shown = await client.get(f"/api/v1/runs/{run}")
    assert (len(shown["jobs"]), shown["jobs_total"]) == (302, 302)


async def test_what_jobs_have_written_is_bounded_in_a_runs_answer(client: Client, records: Records) -> None:
    run = records.add_run()
    job = records.add_job(run, "a", summary="x" * 300_000)
    other = records.add_job(run, "b", summary="y" * 300_000)
    for number in range(15):
        records.annotate(run, job, f"{number} " + "n" * 100_000)
    records.annotate(run, job, "grave", level="error")
    records.execute(
        "INSERT INTO api.annotations (run_id, job_id, text) SELECT %s, %s, 'm' FROM generate_series(1, 2000)", run, job
    )
    shown = await client.get(f"/api/v1/runs/{run}")
    assert [len(found["summary"] or "") for found in shown["jobs"]] == [300_000, 0]
    assert shown["jobs"][1]["summary"] is None
    assert len((await client.get(f"/api/v1/jobs/{other}"))["summary"]) == 300_000
    assert sum(len(note["text"]) for note in shown["annotations"]) < 1024 * 1024
    assert "grave" in [note["text"] for note in shown["annotations"]]
    assert shown["annotations_total"] == 2016


def add_children(records: Records, run: str, parent: str, count: int, state: str = "succeeded") -> None:
    records.execute(
        "INSERT INTO api.jobs (id, run_id, kind, name, path, state, parent_job_id, started_at)"
        " SELECT %s || '-' || lpad(n::text, 5, '0'), %s, 'program', 'shard#' || n, 'shard', %s, %s, now()"
        " FROM generate_series(1, %s) AS n",
        parent, run, state, parent, count,
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/v1/runs/{}/stream", "/live/runs/{}"])
async def test_200_children_that_end_one_after_the_other_are_told_in_a_few_pieces(
    shared_bus: Bus, client: Client, records: Records, path: str
) -> None:
    run = records.add_run("acme/fan")
    parent = records.add_job(run, "build")
    add_children(records, run, parent, 200, "running")
    seen: list[Event] = []

    async def look() -> None:
        async for event in client.events(path.format(run)):
            seen.append(event)  # noqa: PERF401 - looked at meanwhile

    looking = asyncio.create_task(look())
    await until(lambda: _any(seen))
    told_before = await count_told(client)
    for number in range(1, 201):
        records.execute(
            "UPDATE api.jobs SET state = 'succeeded' WHERE id = %s || '-' || lpad(%s::text, 5, '0')", parent, number
        )
        await shared_bus.publish_event(run_event(run, "acme/fan"))

    async def is_shown() -> bool:
        last = seen[-1].data
        return '"succeeded":200' in str(last).replace("'", '"').replace(" ", "") or "200 succeeded" in str(last)

    await until(is_shown)
    looking.cancel()
    assert await count_told(client) - told_before < 100
    if "live" in path:
        assert max(len(event.data["html"]) for event in seen) < 20_000


async def _any(seen: list[Any]) -> bool:
    return bool(seen)


async def count_told(client: Client) -> float:
    metrics = await (await client.http.get("/metrics")).text()
    found = re.search(r"^tisktask_runs_told_total (\S+)$", metrics, re.MULTILINE)
    assert found
    return float(found[1])


async def test_folds_are_read_in_pages(client: Client, records: Records) -> None:
    run = records.add_run()
    parent = records.add_job(run, "build")
    add_children(records, run, parent, 250)
    async with client.http.get(f"/runs/{run}") as answer:
        page = await answer.text()
    assert "250 jobs: 250 succeeded" in page
    assert "shard#7<" not in page
    async with client.http.get(f"/live/runs/{run}/jobs", params={"parent": parent}) as answer:
        first = await answer.text()
    assert "shard#7<" in first
    assert "50 jobs more" in first
    async with client.http.get(f"/live/runs/{run}/jobs", params={"parent": parent, "after": "200"}) as answer:
        second = await answer.text()
    assert ("shard#7<" in second, "shard#250<" in second) == (False, True)
    async with client.http.get(f"/live/runs/{run}/annotations", params={"after": "x"}) as answer:
        assert answer.status == 400
