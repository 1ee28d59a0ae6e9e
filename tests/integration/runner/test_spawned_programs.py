"""Programs that other jobs have started: arguments, variables, images, command lines; and the socket that all have."""

from pathlib import Path

from client_program import compiled_client
from git_server import plain, program
from podman_host import IMAGE, OPINIONATED_IMAGE
from runner_logs import LogArchive
from runner_stage import RunnerStage
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import JobEnded, JobSpec, Program

SHOW = program('#!/bin/sh\nprintf "[%s]" "$@"; echo " $PWD $GREETING $TISKTASK_PARENT_JOB_ID"\n')


async def run(stage: RunnerStage, sha: str, what: Program, environment: dict[str, str] | None = None) -> JobEnded:
    spec = stage.spec(sha, program=what, name=what.name, parent_job_id="job_parent")
    stage.orchestrator.environments[spec.job_id] = environment or {}
    await stage.orchestrator.submit(spec)
    return await stage.orchestrator.end_of(spec)


async def test_a_program_has_its_arguments_and_the_variables_of_its_parent(
    stage: RunnerStage, archive: LogArchive
) -> None:
    stage.start()
    sha = stage.repository.commit({"tools/show": SHOW})
    end = await run(
        stage,
        sha,
        Program(name="show", path="tools/show", arguments=["one", "two words", ""]),
        {"GREETING": "hello $HOME"},
    )
    assert (end.state, end.exit_code) == (JobState.SUCCEEDED, 0)
    stored = await archive.complete(f"{end.job_id}.1")
    assert stored.data == b"[one][two words][] /workspace hello $HOME job_parent\n"


async def test_a_command_line_runs_in_the_images_shell(stage: RunnerStage, archive: LogArchive) -> None:
    stage.start()
    sha = stage.repository.commit({"notes": plain("from the commit\n")})
    what = Program(name="cat", path="", shell="cat notes && echo $((6 * 7)); exit 3", image=OPINIONATED_IMAGE)
    end = await run(stage, sha, what)
    assert end.exit_code == 3
    assert (await archive.complete(f"{end.job_id}.1")).data == b"from the commit\n42\n"


async def test_a_command_that_is_not_in_the_image_is_explained(stage: RunnerStage, archive: LogArchive) -> None:
    stage.start()
    sha = stage.repository.commit({"notes": plain("x")})
    end = await run(stage, sha, Program(name="npm", path="", shell="npm test", image=IMAGE))
    assert (end.state, end.exit_code) == (JobState.FAILED, 127)
    assert end.reason == (
        f"The command line ended with exit code 127: a command in it was not found in the image {IMAGE}."
    )
    assert end.reason.encode() in (await archive.complete(f"{end.job_id}.1")).data


async def test_an_image_that_does_not_exist_is_the_users_fault(stage: RunnerStage) -> None:
    stage.start()
    sha = stage.repository.commit({"tools/show": SHOW})
    for name in ("localhost/nobody/has-this:1", "not a name", "--all-tags"):
        end = await run(stage, sha, Program(name="show", path="tools/show", image=name))
        assert (end.state, end.exit_code) == (JobState.FAILED, None), end.reason
        assert end.reason.startswith(f"The image {name} is not on the runner's host and can not be fetched: ")


async def test_a_build_file_of_any_name_and_place_makes_the_image(stage: RunnerStage, archive: LogArchive) -> None:
    """On a host that does not have the image yet."""
    stage.start()
    files = {"docker/other.Dockerfile": plain(f"FROM {IMAGE}\nENV GREETING=from-the-image\n"), "tools/show": SHOW}
    sha = stage.repository.commit(files)
    what = Program(name="show", path="tools/show", build_file="docker/other.Dockerfile", image_key="0" * 64)
    end = await run(stage, sha, what)
    assert end.exit_code == 0, end.reason
    assert b" /workspace from-the-image job_parent\n" in (await archive.complete(f"{end.job_id}.1")).data


async def test_every_job_has_a_socket_and_the_client_on_its_path(
    stage: RunnerStage, archive: LogArchive, tmp_path: Path
) -> None:
    stage.start(TISKTASK_COMMAND_CLIENT=str(compiled_client(tmp_path)))
    script = 'tisktask-cmd PING; tisktask-cmd ECHO "$PATH"; tisktask-cmd INFO | grep job_id; ls /run/tisktask'
    spec, end = await stage.run(script)
    assert end.exit_code == 0
    lines = (await archive.complete(f"{spec.job_id}.1")).data.decode().split()
    assert lines[0] == "PONG"
    assert lines[1].endswith(":/run/tisktask/bin")
    assert lines[2:] == [f"job_id:{spec.job_id}", "bin", "command.sock", "event.json"]
    await stage.until_nothing_is_left()


async def test_secrets_are_not_on_disk(stage: RunnerStage, archive: LogArchive) -> None:
    stage.start()
    sha = stage.repository.commit({"wait": program("#!/bin/sh\necho begun\nuntil [ -e go ]; do sleep 0.05; done\n")})
    spec: JobSpec = stage.spec(sha, program=Program(name="wait", path="wait"))
    stage.orchestrator.environments[spec.job_id] = {"TOKEN": "hunter2"}
    await stage.orchestrator.submit(spec)
    await archive.holds(f"{spec.job_id}.1", b"begun\n")
    directory = stage.state / "jobs" / f"{spec.job_id}.1"
    assert '"sealed_environment": null' in (directory / "spec.json").read_text()
    for path in directory.rglob("*"):
        assert not path.is_file() or b"hunter2" not in path.read_bytes(), path
    assert "hunter2" not in stage.runner_log()
    (directory / "workspace" / "go").touch()
    assert (await stage.orchestrator.end_of(spec)).exit_code == 0
