"""Runner processes that die, end or share: each attempt runs once and is told right."""

import asyncio
import time

from nats_server import NatsServer
from runner_logs import LogArchive
from runner_stage import RunnerStage, until
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import JobSpec

#: Prints, waits to be let go, prints again.
COUNT = """i=0
line() {{ i=$((i+1)); echo line $i; }}
while [ $i -lt {count} ]; do line; sleep 0.01; done
while [ ! -e go ]; do sleep 0.02; done
while [ $i -lt $(({count} * 2)) ]; do line; done
exit 5"""


def counted(count: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(1, 2 * count + 1))


def let_go(stage: RunnerStage, spec: JobSpec) -> None:
    (stage.state / "jobs" / f"{spec.job_id}.1" / "workspace" / "go").touch()


async def test_a_job_outlives_its_runner_and_is_told_exactly_by_the_next(
    stage: RunnerStage, archive: LogArchive
) -> None:
    first = stage.start("1")
    spec = stage.spec(stage.script(COUNT.format(count=50)))
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"line 20\n")
    await stage.kill(first)
    stage.start("2")
    await until(lambda: "attempt_adopted" in stage.runner_log())
    let_go(stage, spec)
    end = await stage.orchestrator.end_of(spec)
    assert (end.state, end.exit_code) == (JobState.FAILED, 5)
    assert (await archive.complete(f"{spec.job_id}.1")).data == counted(50)
    assert len(stage.orchestrator.claims) == 1
    assert len(stage.orchestrator.began) == 1
    await stage.until_nothing_is_left()


async def test_a_job_that_ends_while_no_runner_is_there_is_told_by_the_next(
    stage: RunnerStage, archive: LogArchive
) -> None:
    first = stage.start("1")
    spec = stage.spec(stage.script(COUNT.format(count=40)))
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"line 5\n")
    await stage.kill(first)
    let_go(stage, spec)
    await until(lambda: b"line 80" in (stage.state / "jobs" / f"{spec.job_id}.1" / "output.log").read_bytes())
    stage.start("2")
    assert (await stage.orchestrator.end_of(spec)).exit_code == 5
    assert (await archive.complete(f"{spec.job_id}.1")).data == counted(40)
    await stage.until_nothing_is_left()


async def test_a_running_replica_adopts_what_another_has_left(stage: RunnerStage, archive: LogArchive) -> None:
    """Also an orderly end leaves the job running by default: an upgrade costs no job."""
    first = stage.start("1")
    spec = stage.spec(stage.script(COUNT.format(count=50)))
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"line 5\n")
    second = stage.start("2")
    await until(lambda: any(beat.replica == "2" for beat in stage.orchestrator.beats))
    assert await stage.terminate(first) == 0
    assert not stage.orchestrator.ended
    let_go(stage, spec)
    assert (await stage.orchestrator.end_of(spec)).exit_code == 5
    assert (await archive.complete(f"{spec.job_id}.1")).data == counted(50)
    assert second.poll() is None
    await stage.until_nothing_is_left()


async def test_a_replica_beside_adopts_at_once_what_a_killed_one_has_left(
    stage: RunnerStage, archive: LogArchive
) -> None:
    first = stage.start("1")
    spec = stage.spec(stage.script(COUNT.format(count=50)))
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"line 5\n")
    stage.start("2")
    await until(lambda: any(beat.replica == "2" for beat in stage.orchestrator.beats))
    await stage.kill(first)
    killed_at = time.monotonic()
    await until(lambda: "attempt_adopted" in stage.runner_log())
    print(f"adopted after {time.monotonic() - killed_at:.2f} s")
    # Its lease is extended by who has adopted it.
    await until(lambda: any(beat.replica == "2" and beat.attempts for beat in stage.orchestrator.beats))
    let_go(stage, spec)
    assert (await stage.orchestrator.end_of(spec)).exit_code == 5
    assert (await archive.complete(f"{spec.job_id}.1")).data == counted(50)
    await stage.until_nothing_is_left()


async def test_of_two_dead_replicas_the_one_that_is_started_again_goes_on_with_all(
    stage: RunnerStage, archive: LogArchive
) -> None:
    replicas = [stage.start(name, TISKTASK_SLOTS="1") for name in ("1", "2")]
    await until(lambda: {beat.replica for beat in stage.orchestrator.beats} == {"1", "2"})
    specs = [stage.spec(stage.script(COUNT.format(count=20))) for _ in range(2)]
    for spec in specs:
        await stage.orchestrator.submit(spec)
    for spec in specs:
        await archive.holds(f"{spec.job_id}.1", b"line 5\n")
    for replica in replicas:
        await stage.kill(replica)
    let_go(stage, specs[0])
    await until(lambda: b"line 40" in (stage.state / "jobs" / f"{specs[0].job_id}.1" / "output.log").read_bytes())
    stage.start("2", TISKTASK_SLOTS="1")
    assert (await stage.orchestrator.end_of(specs[0])).exit_code == 5
    let_go(stage, specs[1])
    assert (await stage.orchestrator.end_of(specs[1])).exit_code == 5
    for spec in specs:
        assert (await archive.complete(f"{spec.job_id}.1")).data == counted(20)
    assert len(stage.orchestrator.began) == 2
    await stage.until_nothing_is_left()


async def test_a_runner_that_is_told_to_wait_ends_after_its_jobs(stage: RunnerStage, archive: LogArchive) -> None:
    process = stage.start(TISKTASK_DRAIN="wait")
    spec = stage.spec(stage.script(COUNT.format(count=50)))
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"line 5\n")
    ending = asyncio.create_task(stage.terminate(process))
    await until(lambda: "service_stopping" in stage.runner_log())
    let_go(stage, spec)
    assert await ending == 0
    assert stage.orchestrator.ended[spec.job_id].exit_code == 5
    assert (await archive.complete(f"{spec.job_id}.1")).data == counted(50)
    await stage.until_nothing_is_left()


async def test_an_attempt_that_died_before_its_program_began_is_begun_by_the_next(
    stage: RunnerStage, archive: LogArchive
) -> None:
    """The orchestrator goes silent after the claim, so that the first runner dies right before the start."""
    first = stage.start("1")
    spec = stage.spec(stage.script("echo once"))
    stage.orchestrator.hears_begin.clear()
    await stage.orchestrator.submit(spec)
    await until((stage.state / "jobs" / f"{spec.job_id}.1" / "pod.json").exists)
    await stage.kill(first)
    stage.orchestrator.hears_begin.set()
    stage.start("2")
    assert (await stage.orchestrator.end_of(spec)).state is JobState.SUCCEEDED
    assert (await archive.complete(f"{spec.job_id}.1")).data == b"once\n"
    await stage.until_nothing_is_left()


async def test_an_attempt_that_is_adopted_while_the_orchestrator_is_away_waits_for_it(
    stage: RunnerStage, archive: LogArchive
) -> None:
    first = stage.start("1")
    spec = stage.spec(stage.script("echo once"))
    await stage.orchestrator.submit(spec)
    directory = stage.state / "jobs" / f"{spec.job_id}.1"
    # Its pod is still in the making.
    await until(directory.exists)
    await stage.kill(first)
    assert (directory / "phase").read_text() == "claimed"
    stage.orchestrator.is_here.clear()
    stage.start("2")
    await until(lambda: "claim_awaited" in stage.runner_log())
    stage.orchestrator.is_here.set()
    assert (await stage.orchestrator.end_of(spec)).state is JobState.SUCCEEDED
    assert (await archive.complete(f"{spec.job_id}.1")).data == b"once\n"
    await stage.until_nothing_is_left()


async def test_a_program_whose_start_was_announced_and_did_not_happen_is_started_by_the_next(
    stage: RunnerStage, archive: LogArchive
) -> None:
    first = stage.start("1")
    spec = stage.spec(stage.script("echo once"))
    stage.orchestrator.hears_begin.clear()
    await stage.orchestrator.submit(spec)
    directory = stage.state / "jobs" / f"{spec.job_id}.1"
    await until(lambda: (directory / "pod.json").exists() and (directory / "phase").read_text() == "began")
    await stage.kill(first)
    # As if it had died a moment later.
    (directory / "phase").write_text("started")
    stage.orchestrator.hears_begin.set()
    stage.start("2")
    assert (await stage.orchestrator.end_of(spec)).state is JobState.SUCCEEDED
    assert (await archive.complete(f"{spec.job_id}.1")).data == b"once\n"
    await stage.until_nothing_is_left()


async def test_many_kills_never_start_a_program_twice(stage: RunnerStage, archive: LogArchive) -> None:
    """A runner is killed at four moments between the claim and the end; each program runs once, and is told right."""
    specs: list[JobSpec] = []
    for number in range(4):
        process = stage.start(str(number))
        spec = stage.spec(stage.script(f"echo started {number}; sleep 0.3"))
        specs.append(spec)
        await stage.orchestrator.submit(spec)
        directory = stage.state / "jobs" / f"{spec.job_id}.1"
        await until(lambda path=directory, job=spec.job_id: path.exists() or job in stage.orchestrator.ended)
        await asyncio.sleep(0.15 * number)
        await stage.kill(process)
    stage.start("last")
    for number, spec in enumerate(specs):
        assert (await stage.orchestrator.end_of(spec)).state is JobState.SUCCEEDED
        assert (await archive.complete(f"{spec.job_id}.1")).data == b"started %d\n" % number
    await stage.until_nothing_is_left()


async def test_two_replicas_share_the_work_and_run_nothing_twice(stage: RunnerStage, archive: LogArchive) -> None:
    for replica in ("1", "2"):
        stage.start(replica, TISKTASK_SLOTS="1")
    await until(lambda: {beat.replica for beat in stage.orchestrator.beats} == {"1", "2"})
    sha = stage.script("while [ ! -e go ]; do sleep 0.02; done; echo done")
    specs = [stage.spec(sha) for _ in range(4)]
    for spec in specs:
        await stage.orchestrator.submit(spec)
    # Each has one slot, so the first two are one to each.
    await until(lambda: {beat.replica for beat in stage.orchestrator.beats if beat.attempts} == {"1", "2"})
    for spec in specs:
        await until(lambda spec=spec: (stage.state / "jobs" / f"{spec.job_id}.1" / "workspace").is_dir())
        let_go(stage, spec)
    for spec in specs:
        assert (await stage.orchestrator.end_of(spec)).exit_code == 0
        assert (await archive.complete(f"{spec.job_id}.1")).data == b"done\n"
    assert len(stage.orchestrator.claims) == 4
    await stage.until_nothing_is_left()


async def test_the_bus_and_podman_killed_in_mid_job_change_nothing(
    stage: RunnerStage, archive: LogArchive, nats_server: NatsServer
) -> None:
    stage.start()
    spec = stage.spec(stage.script(COUNT.format(count=50)))
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"line 5\n")
    nats_server.kill()
    stage.host.kill()
    await asyncio.to_thread(stage.host.start)
    let_go(stage, spec)
    await asyncio.to_thread(nats_server.start)
    assert (await stage.orchestrator.end_of(spec)).exit_code == 5
    assert (await archive.complete(f"{spec.job_id}.1")).data == counted(50)
    await stage.until_nothing_is_left()


async def test_work_that_nobody_grants_is_acknowledged_and_work_that_nobody_answers_waits(stage: RunnerStage) -> None:
    orchestrator = stage.orchestrator
    stage.start()
    # A runner takes nothing before it has been heard: it may have been paused.
    await until(lambda: bool(orchestrator.beats))
    orchestrator.is_here.clear()
    spec = stage.spec(stage.script("true"))
    await orchestrator.submit(spec)
    await until(lambda: "claim_not_answered" in stage.runner_log())
    orchestrator.is_here.set()
    assert (await orchestrator.end_of(spec)).state is JobState.SUCCEEDED
    await orchestrator.submit(spec)
    await until(lambda: "work_passed_over" in stage.runner_log())
    info = await orchestrator.bus.jetstream.stream_info("WORK")
    assert info.state.messages == 0
