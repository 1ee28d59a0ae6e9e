"""Whole attempts: real pods, real commits, a real bus, from the work message to the empty directory."""

import asyncio
import json
import random
from collections.abc import Iterator

import pytest
import zstandard

from git_server import plain, program
from nats_server import NatsServer
from podman_host import PodmanHost
from runner_logs import LogArchive
from runner_stage import RunnerStage, start_runner
from tisktask_common.bus.connection import Outgoing, connect
from tisktask_common.bus.provision import provision
from tisktask_common.events import Change
from tisktask_common.lifecycle import JobState
from tisktask_common.process.settings import BusSettings
from tisktask_common.rpc import AttemptRef, JobEnded, JobSpec, Limits
from tisktask_common.subjects import delivery_subject


@pytest.fixture(scope="module")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer.create(tmp_path_factory.mktemp("bus") / "nats")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module", autouse=True)
def _runner(
    podman_host: PodmanHost, nats_server: NatsServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """One runner for all tests here: each has jobs of its own."""
    asyncio.run(_provision(nats_server))
    log_path = tmp_path_factory.mktemp("runner") / "runner.log"
    process = start_runner(podman_host, nats_server, log_path)
    yield
    process.kill()
    process.wait()
    print(log_path.read_text())


async def _provision(nats_server: NatsServer) -> None:
    bus = await connect(BusSettings(nats_url=nats_server.url, nats_user="admin"), "test")
    await provision(bus.client)
    await bus.close()


async def test_a_job_that_passes_leaves_its_log_and_nothing_else(stage: RunnerStage, archive: LogArchive) -> None:
    spec, end = await stage.run('echo "hello from $TISKTASK_JOB_ID at $PWD"; echo oops >&2')
    assert (end.state, end.exit_code, end.reason) == (JobState.SUCCEEDED, 0, "")
    log = await archive.complete(f"{spec.job_id}.1")
    assert log.of_stream(1) == f"hello from {spec.job_id} at /workspace\n".encode()
    assert log.of_stream(2) == b"oops\n"
    assert [report.job_id for report in stage.orchestrator.began] == [spec.job_id]
    await stage.until_nothing_is_left()


async def test_each_way_to_end_is_told_as_what_it_is(stage: RunnerStage, archive: LogArchive) -> None:
    small = Limits(memory_bytes=32 << 20)
    ends = {
        name: (await stage.run(script, **changes))
        for name, script, changes in (
            ("code", "exit 3", {}),
            ("signal", "kill -SEGV $$", {}),
            ("memory", "exec dd if=/dev/zero of=/dev/null bs=200M count=1", {"limits": small}),
            ("time", "sleep 60", {"limits": Limits(seconds=2, grace_seconds=0)}),
            ("command", "nosuchcommand", {}),
        )
    }
    check(ends["code"], JobState.FAILED, 3, None, "The program ended with exit code 3.")
    check(ends["signal"], JobState.FAILED, 139, 11, "The program was ended by signal 11 (SIGSEGV).")
    check(ends["memory"], JobState.FAILED, 137, 9, "Out of memory: the job reached its limit of 32 MiB")
    assert ends["memory"][1].out_of_memory
    assert ends["time"][1].state is JobState.TIMED_OUT
    assert ends["time"][1].reason == "The job took longer than its limit of 2 s and was stopped."
    check(ends["command"], JobState.FAILED, 127, None, "a command that it calls was not found")
    log = await archive.complete(f"{ends['command'][0].job_id}.1")
    assert b"a command that it calls was not found" in log.of_stream(3)
    await stage.until_nothing_is_left()


def check(told: tuple[JobSpec, JobEnded], state: JobState, code: int, number: int | None, reason: str) -> None:
    end = told[1]
    assert (end.state, end.exit_code, end.signal) == (state, code, number)
    assert reason in end.reason


async def test_a_program_that_can_not_be_executed_says_what_to_do(stage: RunnerStage, archive: LogArchive) -> None:
    sha = stage.repository.commit({".tisktask/push/job": program("#!/usr/bin/nosuch\n")})
    spec = stage.spec(sha)
    await stage.orchestrator.submit(spec)
    end = await stage.orchestrator.end_of(spec)
    assert (end.state, end.exit_code) == (JobState.FAILED, 127)
    assert "/usr/bin/nosuch is not in the image" in end.reason
    assert end.reason.encode() in (await archive.complete(f"{spec.job_id}.1")).data
    await stage.until_nothing_is_left()


async def test_a_commit_that_is_not_there_is_the_users_matter(stage: RunnerStage, archive: LogArchive) -> None:
    stage.script("true")
    spec = stage.spec("1" * 40)
    await stage.orchestrator.submit(spec)
    end = await stage.orchestrator.end_of(spec)
    assert end.state is JobState.FAILED
    assert end.reason
    await archive.complete(f"{spec.job_id}.1")
    await stage.until_nothing_is_left()


async def test_the_forges_payload_is_in_the_job(stage: RunnerStage, archive: LogArchive) -> None:
    body = json.dumps({"ref": "refs/heads/main", "noise": random.Random(1).randbytes(400_000).hex()}).encode()
    packed = zstandard.compress(body)
    pieces = [packed[:300_000], packed[300_000:]]
    spec = stage.spec(stage.script("cat /run/tisktask/event.json; touch /run/tisktask/x"), payload_chunks=2)
    for number, piece in enumerate(pieces):
        await stage.orchestrator.bus.publish(Outgoing(delivery_subject(spec.trigger_id, number), piece, f"p{number}"))
    await stage.orchestrator.submit(spec)
    end = await stage.orchestrator.end_of(spec)
    log = await archive.complete(f"{spec.job_id}.1")
    assert log.of_stream(1) == body
    assert b"Read-only file system" in log.of_stream(2)
    assert end.exit_code == 1


async def test_a_payload_that_is_gone_is_replaced_by_what_is_known(stage: RunnerStage, archive: LogArchive) -> None:
    spec, _ = await stage.run("cat /run/tisktask/event.json", payload_chunks=1)
    event = json.loads((await archive.complete(f"{spec.job_id}.1")).data)
    assert "no longer stored" in event["tisktask_note"]
    assert event["change"]["sha"] == spec.change.sha


async def test_a_job_that_is_cancelled_ends_as_ordered_also_if_it_ignores_the_signal(
    stage: RunnerStage, archive: LogArchive
) -> None:
    first = ""
    for script in ("trap 'echo bye; exit 0' TERM; echo ready; sleep 60 & wait", "trap '' TERM; echo ready; sleep 60"):
        spec = stage.spec(stage.script(script))
        first = first or spec.job_id
        await stage.orchestrator.submit(spec)
        await archive.holds(f"{spec.job_id}.1", b"ready")
        await stage.orchestrator.order_stop(spec)
        end = await stage.orchestrator.end_of(spec)
        assert (end.state, end.reason) == (JobState.CANCELLED, "A person cancelled it.")
    await archive.complete(f"{spec.job_id}.1")
    assert b"bye" in archive.logs[f"{first}.1"].data
    await stage.until_nothing_is_left()


async def test_an_attempt_that_is_no_longer_ours_is_killed_and_not_reported(
    stage: RunnerStage, archive: LogArchive
) -> None:
    spec = stage.spec(stage.script("trap '' TERM; echo ready; sleep 60"))
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"ready")
    stage.orchestrator.fenced.append(AttemptRef(job_id=spec.job_id, attempt=1))
    log = await archive.complete(f"{spec.job_id}.1")
    assert b"given up" in log.of_stream(3)
    await stage.until_nothing_is_left()
    assert not stage.orchestrator.ended


@pytest.mark.parametrize(
    ("script", "size"),
    [
        ("seq 1 200000", 1288895),
        ("dd if=/dev/zero bs=1M count=5 2>/dev/null | tr '\\0' x", 5 << 20),
        (r"printf '\000\377\r\033[31m\n\303('", 11),
    ],
    ids=["200,000 lines", "5 MiB without a line feed", "no text"],
)
async def test_output_of_any_form_is_kept_to_the_byte(
    stage: RunnerStage, archive: LogArchive, script: str, size: int
) -> None:
    spec, _ = await stage.run(script)
    log = await archive.complete(f"{spec.job_id}.1")
    assert len(log.data) == size
    if script.startswith("seq"):
        assert log.data == b"".join(b"%d\n" % number for number in range(1, 200_001))
    elif script.startswith("printf"):
        assert log.data == b"\x00\xff\r\x1b[31m\n\xc3("
    else:
        assert not log.data.strip(b"x")


async def test_a_job_that_prints_without_end_is_stopped_at_its_limit(stage: RunnerStage, archive: LogArchive) -> None:
    spec, end = await stage.run("yes", limits=Limits(log_bytes=1_000_000, grace_seconds=0))
    assert end.state is JobState.FAILED
    assert "limit of 976.6 KiB" in end.reason
    log = await archive.complete(f"{spec.job_id}.1")
    assert log.is_truncated
    await stage.until_nothing_is_left()


async def test_a_run_is_prepared_and_then_runs_in_the_image_that_was_built(
    stage: RunnerStage, archive: LogArchive
) -> None:
    files = {
        ".tisktask/Dockerfile": program(
            "FROM localhost/tisktask-test:busybox\nWORKDIR /app\nCOPY . .\nENV COLOUR=red\n"
        ),
        ".tisktask/push/job": program('#!/bin/sh\necho "$PWD $COLOUR"\n'),
        ".tisktask/push/other": program("#!/bin/sh\n"),
        ".tisktask/push/forgotten": plain("#!/bin/sh\n"),
    }
    sha = stage.repository.commit(files, message="The title\n\nand more")
    preparation = stage.spec(sha, None)
    await stage.orchestrator.submit(preparation)
    end = await stage.orchestrator.end_of(preparation)
    assert end.state is JobState.SUCCEEDED
    assert end.prepared
    assert [found.name for found in end.prepared.programs] == ["job", "other"]
    assert end.prepared.title == "The title"
    assert len(end.prepared.images_built) == 1
    assert "is not executable" in end.prepared.warnings[0]
    text = (await archive.complete(f"{preparation.job_id}.1")).data.decode()
    assert "Commit" in text
    assert "COPY . ." in text
    spec = stage.spec(sha, program=end.prepared.programs[0])
    await stage.orchestrator.submit(spec)
    await stage.orchestrator.end_of(spec)
    assert (await archive.complete(f"{spec.job_id}.1")).of_stream(1) == b"/app red\n"
    await stage.until_nothing_is_left()


async def test_a_program_whose_files_have_not_changed_is_prepared_as_skipped_without_an_image(
    stage: RunnerStage, archive: LogArchive
) -> None:
    files = {
        ".tisktask/push/docs": program("#!/bin/sh\n# tisktask: paths=docs/**\n"),
        ".tisktask/push/Dockerfile": plain("FROM localhost/tisktask-test:busybox\nRUN false\n"),
        "docs/a": plain("1"),
        "src/a": plain("1"),
    }
    old = stage.repository.commit(files)
    new = stage.repository.commit(files | {"src/a": plain("2")}, parent=old)
    change = Change(event="push", sha=new, ref="refs/heads/main", branch="main", base_sha=old)
    preparation = stage.spec(new, None, change=change)
    await stage.orchestrator.submit(preparation)
    end = await stage.orchestrator.end_of(preparation)
    assert (end.state, end.prepared is not None) == (JobState.SUCCEEDED, True), end.reason
    assert end.prepared
    (found,) = end.prepared.programs
    assert (found.name, found.policy.paths) == ("docs", ["docs/**"])
    assert "docs/**" in found.skip_reason
    text = (await archive.complete(f"{preparation.job_id}.1")).data.decode()
    assert "1 file has changed" in text
    assert found.skip_reason in text
    await stage.until_nothing_is_left()


async def test_a_preparation_that_is_cancelled_stops_its_build(stage: RunnerStage, archive: LogArchive) -> None:
    files = {
        ".tisktask/Dockerfile": program("FROM localhost/tisktask-test:busybox\nRUN echo building; sleep 60\n"),
        ".tisktask/push/job": program("#!/bin/sh\n"),
    }
    spec = stage.spec(stage.repository.commit(files), None)
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"building")
    await stage.orchestrator.order_stop(spec)
    end = await stage.orchestrator.end_of(spec)
    assert end.state is JobState.CANCELLED
    await archive.complete(f"{spec.job_id}.1")
    await stage.until_nothing_is_left()


async def test_an_image_that_does_not_build_fails_the_preparation(stage: RunnerStage, archive: LogArchive) -> None:
    files = {
        ".tisktask/Dockerfile": program("FROM localhost/tisktask-test:busybox\nRUN echo no luck; exit 7\n"),
        ".tisktask/push/job": program("#!/bin/sh\n"),
    }
    spec = stage.spec(stage.repository.commit(files), None)
    await stage.orchestrator.submit(spec)
    end = await stage.orchestrator.end_of(spec)
    assert end.state is JobState.FAILED
    assert ".tisktask/Dockerfile failed" in end.reason
    assert b"no luck" in (await archive.complete(f"{spec.job_id}.1")).data
