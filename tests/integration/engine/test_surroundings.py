"""What a program finds around it: limits, rights, environment, mounts."""

from pathlib import Path

import pytest

from podman_host import OPINIONATED_IMAGE, Pods, log_text
from tisktask_common.rpc import Limits
from tisktask_runner.engine.container_body import CAPABILITIES
from tisktask_runner.engine.model import Exit, Mount, NotStarted
from tisktask_runner.engine.pods import Engine

BITS = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "FSETID": 4, "KILL": 5, "SETGID": 6, "SETUID": 7}
BITS |= {"NET_BIND_SERVICE": 10, "SETFCAP": 31}


async def test_rights_are_few_and_can_not_be_raised(pods: Pods) -> None:
    status = await pods.output("rights", "cat /proc/self/status; mknod /tmp/n c 1 3 || echo no devices")
    values = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert values["NoNewPrivs"] == "1"
    assert values["Seccomp"] == "2"
    wanted = sum(1 << BITS[name] for name in CAPABILITIES)
    assert int(values["CapEff"], 16) == int(values["CapBnd"], 16) == wanted
    assert "no devices" in status


async def test_limits_are_set_in_the_control_group(pods: Pods) -> None:
    limits = Limits(cpus=0.5, memory_bytes=64 << 20, pids=20)
    script = """
        cd /sys/fs/cgroup
        cat memory/memory.limit_in_bytes memory.max 2>/dev/null
        cat memory/memory.memsw.limit_in_bytes 2>/dev/null || echo $((64 << 20))
        cat pids/pids.max pids.max 2>/dev/null
        cat cpu/cpu.cfs_quota_us 2>/dev/null || cut -d' ' -f1 cpu.max
    """
    out = await pods.output("limits", script, limits=limits)
    assert out.split() == [str(64 << 20), str(64 << 20), "20", "50000"]


async def test_a_fork_bomb_ends_at_the_limit(pods: Pods) -> None:
    out = await pods.output("bomb", "for i in $(seq 60); do sleep 5 & done; echo survived", limits=Limits(pids=20))
    assert "survived" not in out
    assert "fork" in out


async def test_shared_memory_is_bounded_by_the_memory_limit(pods: Pods) -> None:
    out = await pods.output(
        "shm", "awk '$2 == \"/dev/shm\" {print $4}' /proc/mounts", limits=Limits(memory_bytes=64 << 20)
    )
    assert f"size={(32 << 20) // 1024}k" in out


async def test_the_environment_is_the_orders_and_the_images(pods: Pods) -> None:
    out = await pods.output("environment", "env", environment={"CI": "true", "SECRET": "a b\n c"})
    names = {line.partition("=")[0] for line in out.splitlines() if "=" in line}
    # HOME, HOSTNAME, TERM and container come from Podman; PWD, SHLVL, OLDPWD and _ from the shell.
    assert names - {"HOME", "HOSTNAME", "TERM", "container", "PWD", "SHLVL", "OLDPWD", "_"} == {"CI", "SECRET", "PATH"}
    assert "SECRET=a b\n c\n" in out


async def test_the_images_entrypoint_is_replaced_and_its_user_and_folder_are_kept(pods: Pods) -> None:
    script = "id -u; pwd; echo $COLOUR; mount | grep -c /data"
    out = await pods.output("opinionated", script, image=OPINIONATED_IMAGE)
    assert out.split() == ["1000", "/srv/place", "green", "0"]


async def test_mounts_are_read_only_where_told(pods: Pods, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "file").write_text("content\n")
    mounts = [Mount(tmp_path / "in", "/run/tisktask", read_only=True), Mount(tmp_path / "out", "/workspace")]
    script = "cat /run/tisktask/file; touch /run/tisktask/x || echo read-only; pwd; echo hello > made"
    out = await pods.output("mounts", script, mounts=mounts, workdir="/workspace")
    assert out.splitlines()[0] == "content"
    assert "read-only" in out
    assert "/workspace" in out
    assert (tmp_path / "out" / "made").read_text() == "hello\n"


async def test_the_program_is_not_the_first_process(pods: Pods) -> None:
    out = await pods.output("number", "echo $$")
    assert int(out) > 1


@pytest.mark.parametrize(
    ("content", "exit_code", "word"),
    [("#!/no/such/interpreter\n", 127, "interpreter"), ("echo no first line\n", 126, "#!")],
)
async def test_a_wrong_first_line_is_told(
    engine: Engine, pods: Pods, tmp_path: Path, content: str, exit_code: int, word: str
) -> None:
    """The runtime finds out when nobody listens any more: it writes into the program's log."""
    program = tmp_path / "program"
    program.write_text(content)
    program.chmod(0o755)
    pod = await pods.create("first-line", "/w/program", mounts=[Mount(tmp_path, "/w")])
    outcome = await engine.start(pod)
    if isinstance(outcome, NotStarted):
        assert outcome.exit_code == exit_code
        return
    ended = await engine.wait(pod)
    assert isinstance(ended, Exit)
    assert ended.exit_code == exit_code
    assert word in ended.reason


async def test_a_missing_working_directory_is_told(engine: Engine, pods: Pods) -> None:
    pod = await pods.create("nowhere", "/bin/true", workdir="/no/where")
    outcome = await engine.start(pod)
    assert isinstance(outcome, NotStarted)
    assert (outcome.exit_code, "/no/where" in outcome.message) == (127, True)


async def test_standard_input_is_empty(pods: Pods) -> None:
    pod = await pods.sh("input", "cat; echo end")
    await pods.engine.wait(pod)
    assert log_text(pod) == "end\n"
