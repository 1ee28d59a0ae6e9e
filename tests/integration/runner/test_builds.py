"""Images on the way of a whole attempt: what their builds can reach, what they can build on."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_server import link, plain, program
from host_listener import HostListener, listen_everywhere
from podman_host import IMAGE, OPINIONATED_IMAGE
from runner_logs import LogArchive
from runner_stage import RunnerStage
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import JobEnded, JobSpec
from tisktask_runner.engine.isolation import Isolation


@pytest.fixture
def listener() -> Iterator[HostListener]:
    with listen_everywhere() as listener:
        yield listener


async def prepare(stage: RunnerStage, dockerfile: str) -> tuple[JobSpec, JobEnded]:
    """Prepare a run whose job has this build file."""
    files = {".tisktask/Dockerfile": program(dockerfile), ".tisktask/push/job": program("#!/bin/sh\n")}
    spec = stage.spec(stage.repository.commit(files), None)
    await stage.orchestrator.submit(spec)
    return spec, await stage.orchestrator.end_of(spec)


async def test_a_build_can_not_reach_the_host(
    stage: RunnerStage, archive: LogArchive, listener: HostListener, tmp_path: Path
) -> None:
    if reason := Isolation.on_this_host().impossible_because:
        pytest.skip(f"no firewall rules on this host: {reason}")
    gateway = "$(ip route | awk '/default/ {print $3}')"
    asking = f"RUN echo way out: {gateway}; nc -w 3 {gateway} {listener.port} </dev/null || echo refused\n"
    dockerfile = f"FROM {IMAGE}\n# {tmp_path}\n{asking}"
    # What would happen on Podman's own bridge: the host answers. Other words, so that no layer of it is used again.
    (tmp_path / "Dockerfile").write_text(dockerfile.replace("way out", "control"))
    control = stage.host.podman("build", "--network=private", str(tmp_path))
    assert "reached\n" in control
    stage.start()
    spec, end = await prepare(stage, dockerfile)
    assert end.state is JobState.SUCCEEDED
    log = (await archive.complete(f"{spec.job_id}.1")).data.decode()
    assert "refused\n" in log
    assert "reached\n" not in log
    assert re.search(r"^way out: \d+\.\d+\.\d+\.\d+$", log, re.MULTILINE), log
    # The network of builds, too, is gone with the last of them.
    await stage.until_nothing_is_left()


async def test_a_build_file_may_build_on_the_default_image_of_a_fresh_host(
    stage: RunnerStage, archive: LogArchive
) -> None:
    stage.start()
    spec, end = await prepare(
        stage, "FROM localhost/tisktask/default\nRUN echo made on $(. /etc/os-release; echo $ID)\n"
    )
    assert end.state is JobState.SUCCEEDED, end.reason
    assert b"made on tisktask" in (await archive.complete(f"{spec.job_id}.1")).data
    await stage.until_nothing_is_left()


async def test_every_job_notes_the_use_of_its_image(stage: RunnerStage, tmp_path: Path) -> None:
    stage.start()
    spec, end = await prepare(stage, f"FROM {IMAGE}\nLABEL made.for={tmp_path}\n")
    assert end.prepared
    (built,) = end.prepared.images_built
    note = stage.state / "image-use" / built.key
    os.utime(note, (1, 1))
    job = stage.spec(spec.change.sha, program=end.prepared.programs[0])
    await stage.orchestrator.submit(job)
    assert (await stage.orchestrator.end_of(job)).state is JobState.SUCCEEDED
    assert note.stat().st_mtime > 1
    await stage.until_nothing_is_left()


@pytest.mark.parametrize("user", ["1000", "user", "root"])
async def test_a_job_owns_its_checkout_whoever_its_image_runs_it_as(
    stage: RunnerStage, archive: LogArchive, user: str
) -> None:
    stage.start()
    script = (
        "#!/bin/sh\nset -e\nid -u\nstat -c %u . .tisktask/push/job lib lib/link\n"
        "echo changed > lib/file\nmkdir lib/deep\nrm lib/link\nmv lib other\n"
    )
    files = {
        ".tisktask/Dockerfile": program(f"FROM {OPINIONATED_IMAGE}\nUSER {user}\n"),
        ".tisktask/push/job": program(script),
        "lib/file": plain("as it was"),
        "lib/link": link("/etc/passwd"),
    }
    preparation = stage.spec(stage.repository.commit(files), None)
    await stage.orchestrator.submit(preparation)
    prepared = (await stage.orchestrator.end_of(preparation)).prepared
    assert prepared
    spec = stage.spec(preparation.change.sha, program=prepared.programs[0])
    await stage.orchestrator.submit(spec)
    end = await stage.orchestrator.end_of(spec)
    log = (await archive.complete(f"{spec.job_id}.1")).data.decode()
    assert (end.state, end.exit_code) == (JobState.SUCCEEDED, 0), log
    assert set(log.split()) == {"0" if user == "root" else "1000"}
    # A link was given away, not what it leads to.
    assert Path("/etc/passwd").stat().st_uid == 0
    await stage.until_nothing_is_left()
