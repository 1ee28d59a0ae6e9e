"""A container beside a job is reached on localhost and by names, and is ready when it is said to be."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from podman_host import OPINIONATED_IMAGE, PodmanHost, log_text, until
from runner_logs import LogArchive
from sidecar_stage import IDLE, WEB, SidecarStage, order
from tisktask_common.errors import ConflictError
from tisktask_runner.sidecar.errors import (
    ImageUnavailableError,
    NotReadyError,
    NotStartedError,
    SidecarEndedError,
    SidecarError,
)

ASK_WEB = """while [ ! -e go ]; do sleep 0.02; done
for host in localhost web.test web other_name; do wget -qO- http://$host:8080/; done; echo asked; sleep 1000"""


async def test_the_job_reaches_it_on_localhost_and_by_its_names(stage: SidecarStage) -> None:
    job = await stage.start_job(ASK_WEB, workdir="/workspace")
    async with stage.attended() as sidecars:
        words = ("GREETING=hello", "NAME", "web", "ALIAS", "web.test", "ALIAS", "other_name", "CMD", *WEB)
        assert await sidecars.spawn(order("WAITPORT", "8080", *words)) == "web"
        (stage.workspace / "go").touch()
        await until(job, "asked")
        assert log_text(job) == "hello\n" * 4 + "asked\n"


async def test_two_containers_reach_each_other_also_by_names_given_later(stage: SidecarStage) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        asking = "until wget -qO- http://web:8080/; do sleep 0.05; done; trap exit TERM; sleep 1000 & wait"
        await sidecars.spawn(order("NAME", "asking", "CMD", "sh", "-c", asking))
        await sidecars.spawn(order("NAME", "web", "GREETING=there", "CMD", *WEB))
        await sidecars.spawn(order("NAME", "asking", "WAITLOG", "^there$", "CMD", "sh", "-c", asking))


async def test_an_image_is_run_as_it_wants_to_be_and_its_volume_is_gone_with_it(
    stage: SidecarStage, podman_host: PodmanHost, talking_image: str
) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        assert await sidecars.spawn(order("WAITLOG", "^from the image$", image=talking_image)) == "talking"
        await sidecars.spawn(
            order("NAME", "b", "WAITLOG", "^from {a b} <x>$", "CMD", "{a b}", "<x>", image=talking_image)
        )
        # /bin/false is its entrypoint.
        with pytest.raises(SidecarEndedError, match="exit code 1"):
            await sidecars.spawn(order("WAITPORT", "1", image=OPINIONATED_IMAGE))
        assert [(one.name, one.exit_code) for one in sidecars.summaries()] == [
            ("talking", 0),
            ("b", 0),
            ("tisktask-test", 1),
        ]
        assert not await asyncio.to_thread(podman_host.podman, "volume", "ls", "--quiet")


async def test_it_has_processes_of_its_own_and_the_jobs_workspace_but_not_its_socket(stage: SidecarStage) -> None:
    await stage.start_job()
    (stage.workspace / "file").write_text("from the job\n")
    script = "echo $$; cat /workspace/file; echo back > /workspace/answer; ls /run; id -u; echo done"
    async with stage.attended() as sidecars:
        await sidecars.spawn(order("NAME", "a", "WAITLOG", "done", "USER", "0", "CMD", "sh", "-c", script))
        assert await sidecars.read_log("a", 100) == "1\nfrom the job\n0\ndone\n"
    assert (stage.workspace / "answer").read_text() == "back\n"


async def test_a_container_that_dies_while_it_is_waited_for_is_told_with_its_last_words(stage: SidecarStage) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        dying = order("NAME", "a", "WAITPORT", "9", "CMD", "sh", "-c", "echo no disk; exit 3")
        for _ in range(2):
            with pytest.raises(SidecarEndedError, match=r"container a is not ready.*exit code 3.*no disk"):
                await sidecars.spawn(dying)


async def test_a_container_that_is_not_ready_in_time_runs_on_and_can_be_waited_for_again(stage: SidecarStage) -> None:
    await stage.start_job()
    script = "while [ ! -e /workspace/go ]; do sleep 0.02; done; echo here"
    async with stage.attended() as sidecars:
        words = ("NAME", "a", "WAITLOG", "here")
        with pytest.raises(NotReadyError, match=r"no line of its log matches here within 0\.2 s"):
            await sidecars.spawn(order(*words, "TIMEOUT", "0.2", "CMD", "sh", "-c", script))
        (stage.workspace / "go").touch()
        assert await sidecars.spawn(order(*words, "CMD", "sh", "-c", script)) == "a"


async def test_a_pattern_made_to_hang_does_not(stage: SidecarStage) -> None:
    """With Python's own regular expressions the first would take longer than the universe has existed."""
    await stage.start_job()
    script = "head -c 60000 /dev/zero | tr '\\0' x; echo; echo ready"
    async with stage.attended() as sidecars:
        for pattern in ("(x+x+)+y", "(x?){300}Q"):
            with pytest.raises(SidecarEndedError, match="exit code 0"):
                await sidecars.spawn(order("NAME", "a", "WAITLOG", pattern, "CMD", "sh", "-c", script))
        await sidecars.spawn(order("NAME", "a", "WAITLOG", "ready", "CMD", "sh", "-c", script))
        with pytest.raises(SidecarError, match="RE2"):
            await sidecars.spawn(order("NAME", "b", "WAITLOG", "(?=x)y"))
        with pytest.raises(SidecarError, match="too large"):
            await sidecars.spawn(order("NAME", "b", "WAITLOG", "(x?){1000}y"))


async def test_what_can_not_be_had_is_said_and_its_name_is_free_again(stage: SidecarStage) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        with pytest.raises(ImageUnavailableError, match=r"localhost/tisktask-test:absent.*(refused|pinging)"):
            await sidecars.spawn(order("NAME", "a", image="localhost/tisktask-test:absent"))
        with pytest.raises(NotStartedError, match="no-such-program: not found in the image"):
            await sidecars.spawn(order("NAME", "a", "CMD", "no-such-program"))
        with pytest.raises(NotStartedError, match="nobody-known"):
            await sidecars.spawn(order("NAME", "a", "USER", "nobody-known", "CMD", *IDLE))
        assert sidecars.summaries() == []
        assert await sidecars.spawn(order("NAME", "a", "CMD", *IDLE)) == "a"


async def test_a_port_that_is_taken_is_not_waited_for(stage: SidecarStage) -> None:
    """Its listener would pass for the new container's."""
    await stage.start_job()
    async with stage.attended() as sidecars:
        await sidecars.spawn(order("NAME", "a", "WAITPORT", "8080", "CMD", *WEB))
        with pytest.raises(ConflictError, match="listens on port 8080 already"):
            await sidecars.spawn(order("NAME", "b", "WAITPORT", "8080", "CMD", *WEB))


async def test_values_of_variables_are_in_no_command_line_label_or_file_of_ours(
    stage: SidecarStage, archive: LogArchive, podman_host: PodmanHost
) -> None:
    await stage.start_job()
    async with stage.attended() as sidecars:
        await sidecars.spawn(order("NAME", "a", "PASSWORD=hunter2", "WAITLOG", "ready", "CMD", *WEB))
        command_lines = await asyncio.to_thread(_command_lines)
        labels = await asyncio.to_thread(podman_host.podman, "ps", "--all", "--format", "{{.Labels}} {{.Command}}")
        files = b"".join(path.read_bytes() for path in stage.means.folder.rglob("*") if path.is_file())
    assert b"hunter2" not in command_lines + files
    assert "hunter2" not in labels
    assert "PASSWORD" not in (await archive.complete(stage.log_key("a"))).data.decode()


def _command_lines() -> bytes:
    found: list[bytes] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            found.append(path.read_bytes())
    return b"\n".join(found)
