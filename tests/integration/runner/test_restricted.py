"""Runs that somebody may have to allow: what a runner does before, and how it keeps what they make apart."""

from pathlib import Path

import pytest

from git_server import File, program
from podman_host import IMAGE
from runner_logs import LogArchive
from runner_stage import RunnerStage
from tisktask_common.events import Change
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import JobEnded, JobSpec

JOB = ".tisktask/pull_request/build"
SCOPE = "pr-7"


def commit(stage: RunnerStage, dockerfile: str, name: str, text: str = "", parent: str | None = None) -> str:
    files: dict[str | bytes, File] = {
        ".tisktask/Dockerfile": program(f"FROM {IMAGE}\n{dockerfile}\n"),
        JOB: program(f"#!/bin/sh\n{text}\n"),
    }
    return stage.repository.commit(files, f"refs/heads/{name}", parent=parent)


def opened(sha: str, base: str | None = None) -> Change:
    fields = {"event": "pull_request", "action": "opened", "pull_request": 7, "base_sha": base}
    return Change(sha=sha, ref="refs/pull/7/head", **fields)


async def end(stage: RunnerStage, spec: JobSpec) -> JobEnded:
    await stage.orchestrator.submit(spec)
    return await stage.orchestrator.end_of(spec)


async def log_of(archive: LogArchive, spec: JobSpec) -> str:
    return (await archive.complete(f"{spec.job_id}.1")).data.decode()


def images(stage: RunnerStage) -> set[str]:
    return set(stage.host.podman("images", "--all", "--format={{.Id}} {{.Repository}}:{{.Tag}}").splitlines())


async def test_an_inspection_finds_the_jobs_and_builds_pulls_and_executes_nothing(
    stage: RunnerStage, archive: LogArchive, tmp_path: Path
) -> None:
    base = commit(stage, "RUN false", "main")
    other = commit(stage, f"RUN false # {tmp_path}", "other", parent=base)
    # On the other branch nothing of .tisktask/ has changed since: only what lies beside it.
    files = {
        ".tisktask/Dockerfile": program(f"FROM {IMAGE}\nRUN false\n"),
        JOB: program("#!/bin/sh\n\n"),
        "src": program("x"),
    }
    same = stage.repository.commit(files, "refs/heads/same", parent=base)
    before = images(stage)
    # Nowhere is there an image of this name.
    stage.start(TISKTASK_DEFAULT_IMAGE="localhost/nowhere:1")
    found = []
    for sha, base_sha in ((other, base), (same, base), (same, None), (other, "e" * 40)):
        spec = stage.spec(sha, None, name="inspect", change=opened(sha, base_sha), is_inspection=True)
        ended = await end(stage, spec)
        assert (ended.state, ended.reason) == (JobState.SUCCEEDED, "")
        assert ended.prepared
        assert [one.path for one in ended.prepared.programs] == [JOB]
        assert ended.prepared.images_built == []
        assert ended.prepared.programs_tree == stage.repository.git("rev-parse", f"{sha}:.tisktask").strip()
        found.append(ended.prepared.changes_programs)
        assert "Nothing is built or executed" in await log_of(archive, spec)
    assert found == [True, False, None, None]
    # Nothing to run is told from what the change has taken out.
    gone = stage.repository.commit({"src": program("x")}, "refs/heads/gone", parent=base)
    never = stage.repository.commit({"src": program("y")}, "refs/heads/never", parent=gone)
    for sha, base_sha, removes in ((gone, base, True), (never, gone, False)):
        ended = await end(
            stage, stage.spec(sha, None, name="inspect", change=opened(sha, base_sha), is_inspection=True)
        )
        assert ended.prepared
        assert (ended.prepared.programs, ended.prepared.changes_programs) == ([], removes)
    assert images(stage) == before
    await stage.until_nothing_is_left()


async def test_a_preparation_of_other_programs_than_were_approved_fails_and_makes_nothing(
    stage: RunnerStage, archive: LogArchive, tmp_path: Path
) -> None:
    sha = commit(stage, f"LABEL for={tmp_path}", "main")
    tree = stage.repository.git("rev-parse", f"{sha}:.tisktask").strip()
    before = images(stage)
    stage.start()
    approved = "7" * 40
    spec = stage.spec(sha, None, change=opened(sha), approved_tree=approved)
    ended = await end(stage, spec)
    assert (ended.state, ended.prepared) == (JobState.FAILED, None)
    assert approved in ended.reason
    assert tree in ended.reason
    assert "Nothing was executed." in await log_of(archive, spec)
    assert images(stage) == before
    ended = await end(stage, stage.spec(sha, None, change=opened(sha), approved_tree=tree))
    assert ended.state is JobState.SUCCEEDED, ended.reason
    await stage.until_nothing_is_left()


async def test_images_and_layers_of_restricted_runs_are_their_own(
    stage: RunnerStage, archive: LogArchive, tmp_path: Path
) -> None:
    # As two commits in which a layer is the same, so that the second could find it.
    layer = f"RUN echo {tmp_path.name} && cat /proc/sys/kernel/random/uuid > /made"
    one = commit(stage, layer, "one")
    more = commit(stage, f"{layer}\nRUN true", "more")
    stage.start()
    seen: list[tuple[str, bool]] = []
    for sha, scope in ((one, SCOPE), (one, ""), (more, ""), (more, SCOPE), (one, "pr-8"), (one, SCOPE)):
        spec = stage.spec(sha, None, change=opened(sha), is_restricted=bool(scope), cache_scope=scope)
        ended = await end(stage, spec)
        assert ended.state is JobState.SUCCEEDED, ended.reason
        assert ended.prepared
        key = ended.prepared.programs[0].image_key
        assert key
        seen.append((key, "Using cache" in await log_of(archive, spec)))
    keys = [key for key, _ in seen]
    # Only the trusted build finds a layer, that of the other trusted one; the last finds its own whole image.
    assert [found for _, found in seen] == [False, False, True, False, False, False]
    assert len(set(keys)) == 5
    assert keys[0] == keys[5]
    made = [
        stage.host.podman("run", "--rm", "--network=none", f"localhost/tisktask/{key}", "cat", "/made") for key in keys
    ]
    assert len(set(made)) == 4, "the two trusted images share a layer, and nobody else shares one"
    assert made[1] == made[2]
    # Retention knows them as all others.
    assert {note.name for note in (stage.state / "image-use").iterdir()} >= set(keys)
    await stage.until_nothing_is_left()


@pytest.mark.parametrize("is_restricted", [True, False])
async def test_a_job_knows_that_it_is_restricted_and_has_no_token_anywhere(
    stage: RunnerStage, archive: LogArchive, is_restricted: bool
) -> None:
    token = "t0k3n-that-nobody-may-see"
    # What it looks for must not be found in its own words.
    search = 'needle="t0k3n-""that"; env; grep -rl "$needle" /run/tisktask /workspace/.git /proc/[0-9]*/environ 2>/dev/null; :'
    text = f'echo "restricted=<$TISKTASK_RESTRICTED>"; {search}'
    spec = stage.spec(stage.script(text), is_restricted=is_restricted, cache_scope=SCOPE if is_restricted else "")
    stage.orchestrator.tokens[spec.job_id] = token
    stage.start()
    ended = await end(stage, spec)
    assert ended.state is JobState.SUCCEEDED, ended.reason
    log = await log_of(archive, spec)
    assert f"restricted=<{'1' if is_restricted else ''}>" in log
    assert token not in log
    assert "/environ" not in log
    assert "/workspace/.git" not in log
    await stage.until_nothing_is_left()
