"""What is concluded from `podman info`, and from a job's control group."""

from pathlib import Path
from typing import Any

import pytest

from tisktask_runner.engine.cgroup import CgroupLayout, KillCount, read_out_of_memory
from tisktask_runner.engine.container_state import read_time
from tisktask_runner.engine.podman_info import pod_name, read_podman_info


def info(version: str, manager: str, controllers: list[str], *, rootless: bool) -> dict[str, Any]:
    host = {
        "cgroupVersion": version,
        "cgroupManager": manager,
        "cgroupControllers": controllers,
        "ociRuntime": {"name": "crun"},
        "security": {"rootless": rootless},
    }
    return {"host": host, "version": {"Version": "4.3.1"}}


def test_root_can_limit_all_and_has_a_control_group_per_host() -> None:
    read = read_podman_info(info("v1", "cgroupfs", [], rootless=False))
    assert (read.controls.memory, read.controls.pids, read.controls.cpu) == (True, True, True)
    assert str(read.version) == "podman 4.3.1, crun, cgroup v1"
    assert read.cgroup_parent("a") != read.cgroup_parent("b")


def test_rootless_can_limit_what_is_delegated() -> None:
    read = read_podman_info(info("v2", "systemd", ["memory", "pids"], rootless=True))
    assert (read.controls.memory, read.controls.pids, read.controls.cpu) == (True, True, False)
    nothing = read_podman_info(info("v1", "cgroupfs", ["memory"], rootless=True)).controls
    assert not (nothing.memory or nothing.swap or nothing.pids or nothing.cpu)
    assert read.cgroup_parent("a") is None


def test_names_keep_hosts_apart() -> None:
    assert pod_name("a", "x") != pod_name("b", "x")
    assert pod_name("a", "x").startswith(pod_name("a", ""))


@pytest.mark.parametrize(
    ("layout", "own", "whole_pod"),
    [
        (CgroupLayout(1, "cgroupfs"), "/memory/p/pod/libpod-c/memory.oom_control", None),
        (CgroupLayout(1, "systemd"), "/memory/p/pod/libpod-c.scope/memory.oom_control", None),
        (CgroupLayout(2, "cgroupfs"), "/p/pod/libpod-c/memory.events", "/p/pod/memory.events"),
        (CgroupLayout(2, "systemd"), "/p/pod/libpod-c.scope/memory.events", "/p/pod/memory.events"),
    ],
)
def test_kills_are_counted_where_the_layout_says(layout: CgroupLayout, own: str, whole_pod: str | None) -> None:
    files = layout.out_of_memory_files("/p/pod", "c")
    assert files == (Path(f"/sys/fs/cgroup{own}"), whole_pod and Path(f"/sys/fs/cgroup{whole_pod}"))


@pytest.mark.parametrize(
    ("own", "whole_pod", "has_company", "expected"),
    [
        (1, 1, True, True),
        # A container beside it was killed.
        (0, 1, True, False),
        (None, 1, True, None),
        # The job was alone: whatever was killed in the pod was the job's.
        (None, 1, False, True),
        (None, 0, True, False),
        (None, None, False, None),
    ],
)
def test_a_kill_is_blamed_on_the_container_in_which_it_was(
    tmp_path: Path, own: int | None, whole_pod: int | None, has_company: bool, expected: bool | None
) -> None:
    for name, count in (("own", own), ("pod", whole_pod)):
        if count is not None:
            (tmp_path / name).write_text(f"oom_kill {count}\n")
    count = KillCount(tmp_path / "own", tmp_path / "pod", lambda: has_company)
    assert count.read() is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n", True),
        ("oom_kill_disable 0\nunder_oom 0\noom_kill 0\n", False),
        ("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 0\n", True),
        ("low 0\nhigh 0\nmax 12\noom 3\noom_kill 0\n", False),
    ],
)
def test_kills_are_read_on_both_versions(tmp_path: Path, text: str, expected: bool) -> None:
    file = tmp_path / "events"
    file.write_text(text)
    assert read_out_of_memory(file) is expected


def test_a_control_group_that_is_gone_is_not_known(tmp_path: Path) -> None:
    assert read_out_of_memory(tmp_path / "gone" / "memory.events") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0001-01-01T00:00:00Z", None),
        ("2026-11-23T07:57:46.231163598Z", "2026-11-23T07:57:46.231163+00:00"),
        ("2026-11-23T07:57:46.23112955Z", "2026-11-23T07:57:46.231129+00:00"),
        ("2026-11-23T07:57:46.2Z", "2026-11-23T07:57:46.200000+00:00"),
        ("2026-11-23T09:57:46+02:00", "2026-11-23T09:57:46+02:00"),
    ],
)
def test_gos_times_are_read(text: str, expected: str | None) -> None:
    found = read_time(text)
    assert (found.isoformat() if found else None) == expected
