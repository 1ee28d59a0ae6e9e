"""Logs go from the disk with their run, by age, or for room; never those of what is at work."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from logstream_chunks import Sender, make_chunk, make_chunks, numbered
from logstream_records import Records
from logstream_stand import Client, Logstream, collect, until
from tisktask_common.bus.connection import Bus
from tisktask_common.database.migrate import load_migrations, migrate
from tisktask_common.database.pool import open_pool
from tisktask_common.events import Change, Repository, RunDeleted
from tisktask_common.ids import JobId, RepositoryId, RunId
from tisktask_common.lifecycle import RunState
from tisktask_common.process.settings import DatabaseSettings
from tisktask_common.run_deletion import ListIncompleteLogs
from tisktask_logstream.archive import removal
from tisktask_logstream.archive.library import Library
from tisktask_logstream.archive.log_store import LogStore
from tisktask_logstream.archive.removal import Removal
from tisktask_logstream.archive.retention import ORPHAN_SECONDS, LogRetention, LogRules
from tisktask_logstream.database import Database
from tisktask_logstream.log_names import LogName
from tisktask_logstream.rows import LogFigures
from tisktask_logstream.store import Store

DAYS = 30


@dataclass
class Shelf:
    """Stored logs on a disk of the test's own, and what is known of their runs and jobs."""

    records: Records
    library: Library
    logs: LogStore
    store: Store

    def retention(self, *, keep_days: int = 0, bytes_max: int = 0) -> LogRetention:
        rules = LogRules(keep_days, bytes_max)
        return LogRetention(self.library.folder, self.logs, Removal(self.library, self.logs), rules)

    async def add(self, ended_days_ago: float | None, *, lines: int = 100, container: str = "") -> LogName:
        """Store a log of a job of a run of its own."""
        moment = None if ended_days_ago is None else _ago(ended_days_ago)
        state = "running" if moment is None else "succeeded"
        run = self.records.add_run(state=state, finished_at=moment)
        job = self.records.add_job(run, state=state, finished_at=moment)
        name = LogName(RunId(run), JobId(job), 1)
        await self.store_log(name, lines)
        if container:
            await self.store_log(LogName(name.run, name.job, 1, container), lines)
        return name

    async def store_log(self, name: LogName, lines: int) -> None:
        async with self.library.borrow(name, create=True) as opened:
            for chunk in make_chunks(numbered(lines), 10_000):
                opened.stored.append(chunk)
            opened.stored.sync()
            extent = opened.stored.extent
        figures = LogFigures(extent.lines, extent.stored_bytes, 0, is_complete=True, is_truncated=False)
        await self.store.save_logs({name: figures})

    def files(self, name: LogName) -> list[str]:
        folder = self.library.folder / name.run
        return sorted(file.suffix for file in folder.iterdir()) if folder.exists() else []


def _ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


@pytest.fixture
async def shelf(empty_database_url: str, tmp_path: Path) -> AsyncIterator[Shelf]:
    records = Records(empty_database_url)
    records.prepare()
    pool = await open_pool(DatabaseSettings(database_url=SecretStr(empty_database_url)), "test")
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        await migrate(connection, "logstream", load_migrations("tisktask_logstream"))
        await connection.set_autocommit(False)
    database, library = Database(pool), Library(tmp_path)
    yield Shelf(records, library, LogStore(database), Store(database))
    library.close()
    await pool.close()


async def test_logs_go_by_age_after_the_end_of_their_run_and_leave_a_note(shelf: Shelf) -> None:
    old, young, at_work = [await shelf.add(days, container="db") for days in (DAYS + 1, DAYS - 1, None)]
    counted = await shelf.logs.count_old_logs(DAYS)
    taken = await shelf.logs.read_stored_bytes()
    await shelf.retention(keep_days=DAYS).delete_old()
    assert (counted.jobs, counted.bytes) == (1, taken - await shelf.logs.read_stored_bytes())
    both = [".index", ".index", ".log", ".log"]
    assert [shelf.files(name) for name in (old, young, at_work)] == [[], both, both]
    assert await shelf.logs.get_deletion(old.job) is not None
    assert await shelf.logs.get_deletion(young.job) is None
    # The run is there, with all that is known of the log but its lines.
    assert shelf.records.execute("SELECT DISTINCT has_files FROM logstream.logs WHERE job = %s", old.job) == [(False,)]


async def test_an_old_log_that_a_younger_run_shows_again_stays_as_long_as_that(shelf: Shelf) -> None:
    old = await shelf.add(DAYS + 1)
    shown = await shelf.add(DAYS - 1)
    shelf.records.insert("carried_jobs", job_id=shown.job, carried_from=old.job, carried_from_run=old.run)
    assert (await shelf.logs.count_old_logs(DAYS)).jobs == 0
    await shelf.retention(keep_days=DAYS).delete_old()
    assert shelf.files(old) == [".index", ".log"]
    shelf.records.execute("UPDATE api.runs SET finished_at = now() - interval '31 days' WHERE id = %s", shown.run)
    await shelf.retention(keep_days=DAYS).delete_old()
    assert shelf.files(old) == []


async def test_for_room_the_oldest_of_ended_runs_go_and_nothing_that_is_at_work(shelf: Shelf) -> None:
    at_work = await shelf.add(None, lines=1000)
    oldest, middle, newest = [await shelf.add(days, lines=1000) for days in (9, 5, 1)]
    each = await shelf.logs.read_stored_bytes() // 4
    await shelf.retention(bytes_max=2 * each).delete_old()
    assert [bool(shelf.files(name)) for name in (at_work, oldest, middle, newest)] == [True, False, False, True]
    assert REGISTRY.get_sample_value("tisktask_log_stored_bytes") == 2 * each
    # Less than what is at work: that stays, and somebody hears of it.
    await shelf.retention(bytes_max=each // 2).delete_old()
    assert [bool(shelf.files(name)) for name in (at_work, newest)] == [True, False]
    assert REGISTRY.get_sample_value("tisktask_log_bytes_above_max") == each - each // 2


async def test_logs_of_no_run_go_when_they_were_found_so_twice_a_day_apart(shelf: Shelf) -> None:
    lost, kept = await shelf.add(1), await shelf.add(None)
    shelf.records.execute("DELETE FROM api.runs WHERE id = %s", lost.run)
    await shelf.retention().delete_old()
    mark = shelf.library.folder / lost.run / ".orphan"
    assert shelf.files(lost) == ["", ".index", ".log"]
    os.utime(mark, (time.time() - ORPHAN_SECONDS - 1,) * 2)  # type: ignore[arg-type]
    await shelf.retention().delete_old()
    assert shelf.files(lost) == []
    assert shelf.files(kept) == [".index", ".log"]
    assert shelf.records.execute("SELECT run FROM logstream.logs") == [(kept.run,)]


async def test_a_run_that_is_known_again_keeps_its_logs(shelf: Shelf) -> None:
    name = await shelf.add(1)
    mark = shelf.library.folder / name.run / ".orphan"
    mark.touch()
    os.utime(mark, (1, 1))
    await shelf.retention().delete_old()
    assert shelf.files(name) == [".index", ".log"]


@pytest.mark.parametrize("step", ["before the files", "between the files", "before it is noted"])
async def test_a_deletion_that_breaks_off_is_finished_by_the_next_round(
    shelf: Shelf, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await shelf.add(DAYS + 1)
    real = removal._unlink  # pyright: ignore[reportPrivateUsage] - the moment of the crash

    def die(folder: Path, files: list[Path]) -> None:
        if step == "between the files":
            next(file for file in files if file.suffix == ".log").unlink()
        if step == "before it is noted":
            real(folder, files)
        raise OSError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(removal, "_unlink", die)
        with pytest.raises(OSError, match="killed"):
            await shelf.retention(keep_days=DAYS).delete_old()
    # From the first moment on, nobody is given half of it.
    assert await shelf.logs.get_deletion(name.job) is not None
    await shelf.retention().delete_old()
    assert shelf.files(name) == []
    assert shelf.records.execute("SELECT has_files FROM logstream.logs") == [(False,)]


async def test_late_pieces_of_a_deleted_log_go_too(shelf: Shelf) -> None:
    name = await shelf.add(DAYS + 1)
    await shelf.retention(keep_days=DAYS).delete_old()
    await shelf.store_log(name, 3)
    assert shelf.files(name) == [".index", ".log"]
    await shelf.retention(keep_days=DAYS).delete_old()
    assert shelf.files(name) == []


def deleted(run: str) -> RunDeleted:
    return RunDeleted(
        run_id=RunId(run),
        number=1,
        revision=9,
        repository=Repository(id=RepositoryId("repo_1"), forge="forgejo", full_name="acme/shop"),
        change=Change(event="push", sha="ab" * 20, ref="refs/heads/main"),
        state=RunState.SUCCEEDED,
        reason="Deleted by retention.",
    )


async def test_the_logs_of_a_deleted_run_go_and_who_looks_at_it_hears_of_that(
    shared: Logstream, shared_bus: Bus, client: Client, records: Records
) -> None:
    run, other = records.add_run(), records.add_run()
    job = records.add_job(run)
    sender = Sender(shared_bus, run, job)
    await sender.send(make_chunk(0, numbered(5)))
    await Sender(shared_bus, run, job, container="db").send(*make_chunks(numbered(3), 100))
    folder = shared.state_dir / "logs" / run
    await until(lambda: _is(len(list(folder.glob("*.log"))) == 2))
    async with (
        aclosing(client.events(f"/api/v1/jobs/{job}/log/stream")) as lines,
        aclosing(client.events(f"/api/v1/runs/{run}/stream")) as states,
        aclosing(client.events("/api/v1/runs/stream")) as all_runs,
    ):
        assert (await anext(lines)).kind == "line"
        assert (await anext(states)).kind == "run"
        listening = asyncio.ensure_future(anext(all_runs))
        # An event about a run that is there deletes nothing.
        await shared_bus.publish_event(deleted(other))
        records.execute("DELETE FROM api.runs WHERE id = %s", run)
        records.execute("DELETE FROM api.jobs WHERE run_id = %s", run)
        await shared_bus.publish_event(deleted(run))
        await until(lambda: _is(not folder.exists()))
        end = [event async for event in lines][-1]
        assert (end.kind, end.data["total"], end.data["deleted"]) == ("end", 5, True)
        assert [(event.kind, event.data) async for event in states] == [("gone", {"id": run})]
        heard = await listening
        while heard.kind != "gone":
            heard = await anext(all_runs)
        assert heard.data == {"id": run}
    await until(lambda: _is(not records.execute("SELECT 1 FROM logstream.logs WHERE run = %s", run)))
    assert (await client.status_and_error("GET", f"/api/v1/jobs/{job}/log"))[0] == 404


async def _is(value: Any) -> bool:
    return bool(value)


async def test_a_log_that_was_deleted_before_its_run_is_said_to_be(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    await Sender(shared_bus, run, job).send(*make_chunks(numbered(3), 100))
    await collect(client, job)

    async def is_recorded() -> bool:
        return bool(records.execute("SELECT 1 FROM logstream.logs WHERE job = %s", job))

    await until(is_recorded)
    records.execute("UPDATE logstream.logs SET deleted_at = '2026-03-04 05:06:07+00' WHERE job = %s", job)
    sentence = "The logs of this job were deleted by retention at 2026-03-04 05:06 UTC."
    for path in ("log", "log?tail=5", "log/stream"):
        answer = await client.status_and_error("GET", f"/api/v1/jobs/{job}/{path}")
        assert answer == (410, "log_deleted", sentence)
    assert (await client.get(f"/api/v1/jobs/{job}"))["logs_deleted_at"] == "2026-03-04T05:06:07Z"
    async with client.http.get(f"/jobs/{job}") as page:
        text = await page.text()
    assert sentence in text
    assert "log.js" not in text


async def test_runs_with_logs_whose_end_may_still_come_are_named(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    runs = {name: records.add_run(state="succeeded") for name in ("complete", "open", "silent", "late")}
    jobs = {name: records.add_job(run, state="succeeded") for name, run in runs.items()}
    records.execute("UPDATE api.attempts SET finished_at = now() WHERE job_id = ANY(%s)", list(jobs.values()))
    records.execute("UPDATE api.attempts SET finished_at = now() - interval '2 h' WHERE job_id = %s", jobs["late"])
    for name in ("complete", "open", "late"):
        chunks = make_chunks(numbered(3), 100, ends=name == "complete")
        await Sender(shared_bus, runs[name], jobs[name]).send(*chunks)
    question = ListIncompleteLogs(run_ids=[RunId(run) for run in runs.values()], patience_seconds=3600)

    async def needed() -> set[str]:
        return set((await shared_bus.request(question)).run_ids)

    await until(lambda: _are(needed(), {runs["open"], runs["silent"]}))


async def _are(found: Any, expected: set[str]) -> bool:
    return await found == expected
