"""What libpod is told about a job."""

from dataclasses import replace
from pathlib import Path

import pytest

from tisktask_common.rpc import Limits
from tisktask_runner.engine.container_body import (
    ContainerOrder,
    Controls,
    NetworkOrder,
    container_body,
    network_body,
    pod_body,
    sidecar_body,
)
from tisktask_runner.engine.model import Mount, PodSpec, SidecarSpec

SPEC = PodSpec(
    name="j1",
    labels={"tisktask.job": "j1"},
    image="localhost/x",
    command=["/workspace/build", "a b"],
    environment={"CI": "true"},
    limits=Limits(cpus=1.5, memory_bytes=1 << 30, pids=512),
    log_path=Path("/s/log"),
    workdir="/workspace",
    mounts=[Mount(Path("/s/ipc"), "/run/tisktask", read_only=True)],
)


def order(controls: Controls = Controls()) -> ContainerOrder:  # noqa: B008 - frozen
    return ContainerOrder("n-job", "pod1", "local", "n", controls)


def test_a_job_becomes_a_container() -> None:
    assert container_body(SPEC, order()) == {
        "name": "n-job",
        "pod": "pod1",
        "image": "localhost/x",
        "entrypoint": ["/workspace/build", "a b"],
        "command": [],
        "env": {"CI": "true"},
        "httpproxy": False,
        "labels": {
            "tisktask.job": "j1",
            "tisktask.host": "local",
            "tisktask.engine.network": "n",
            "tisktask.engine.log": "/s/log",
        },
        "mounts": [
            {
                "type": "tmpfs",
                "source": "tmpfs",
                "destination": "/dev/shm",
                "options": ["nosuid", "nodev", "noexec", "mode=1777", "size=536870912"],
            },
            {
                "type": "bind",
                "source": "/s/ipc",
                "destination": "/run/tisktask",
                "options": ["rbind", "rprivate", "ro"],
            },
        ],
        "log_configuration": {"driver": "k8s-file", "path": "/s/log"},
        "no_new_privileges": True,
        "cap_drop": ["ALL"],
        "cap_add": [
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "NET_BIND_SERVICE",
            "SETFCAP",
            "SETGID",
            "SETUID",
        ],
        "resource_limits": {
            "memory": {"limit": 1 << 30, "swap": 1 << 30},
            "pids": {"limit": 512},
            "cpu": {"period": 100000, "quota": 150000},
        },
        "image_volume_mode": "ignore",
        "healthconfig": {"Test": ["NONE"]},
        "systemd": "false",
        "restart_policy": "no",
        "stop_timeout": 0,
        "work_dir": "/workspace",
    }


def test_only_what_the_host_can_limit_is_limited() -> None:
    assert container_body(SPEC, order(Controls(swap=False)))["resource_limits"]["memory"] == {"limit": 1 << 30}
    nothing = Controls(memory=False, swap=False, pids=False, cpu=False)
    assert container_body(SPEC, order(nothing))["resource_limits"] == {}


def test_a_job_can_not_call_itself_another_hosts() -> None:
    spec = PodSpec(**{**vars(SPEC), "labels": {"tisktask.host": "other"}})
    assert container_body(spec, order())["labels"]["tisktask.host"] == "local"


def test_a_pod_has_its_network_or_none() -> None:
    pod = pod_body("n", "local", "net", "bridge", "/tisktask-c80c")
    assert pod["netns"] == {"nsmode": "bridge"}
    assert pod["Networks"] == {"net": {}}
    assert pod["cgroup_parent"] == "/tisktask-c80c"
    alone = pod_body("n", "local", None, "none", None)
    assert alone["netns"] == {"nsmode": "none"}
    assert "Networks" not in alone
    assert "cgroup_parent" not in alone


def test_a_network_has_a_bridge_that_the_rules_know_and_no_resolver() -> None:
    body = network_body(NetworkOrder("n", "tisk-c80cabcdef", "local", 1400, is_isolated_by_podman=False))
    assert body["network_interface"] == "tisk-c80cabcdef"
    assert body["dns_enabled"] is False
    assert body["options"] == {"mtu": "1400"}
    isolated = network_body(NetworkOrder("n", "i", "local", None, is_isolated_by_podman=True))
    assert isolated["options"] == {"isolate": "true"}


@pytest.mark.parametrize(("may_give_away", "is_given"), [(True, True), (False, False)])
def test_a_users_mount_is_given_to_the_user_where_it_can_be_removed_afterwards(
    may_give_away: bool, is_given: bool
) -> None:
    spec = replace(SPEC, mounts=[Mount(Path("/s/w"), "/workspace", is_users=True), Mount(Path("/s/ipc"), "/ipc")])
    body = container_body(spec, replace(order(), may_give_away=may_give_away))
    options = {mount["destination"]: mount["options"] for mount in body["mounts"]}
    assert ("U" in options["/workspace"]) is is_given
    assert "U" not in options["/ipc"]


def test_a_container_beside_a_job_is_run_as_its_image_wants_and_hardened_as_the_job() -> None:
    spec = SidecarSpec("db", "postgres:16", [], {"PASSWORD": "x"}, SPEC.limits, Path("/s/db.log"), mounts=SPEC.mounts)
    body, of_job = sidecar_body(spec, order()), container_body(SPEC, order())
    own = {"image", "env", "labels", "log_configuration"}
    differing = {key for key in body.keys() | of_job.keys() if body.get(key) != of_job.get(key)}
    assert differing == own | {"entrypoint", "command", "work_dir", "pidns"}
    assert body["labels"] == {"tisktask.host": "local", "tisktask.engine.beside": "db"}
    assert body["pidns"] == {"nsmode": "private"}
    assert not body.keys() & {"entrypoint", "command", "user", "work_dir"}


def test_a_container_beside_a_job_can_have_another_command_and_user() -> None:
    spec = SidecarSpec("db", "postgres:16", ["-c", "x"], {}, Limits(), Path("/s/db.log"), user="999:999")
    body = sidecar_body(spec, order())
    assert (body["command"], body["user"]) == (["-c", "x"], "999:999")
    assert "hunter2" not in repr(replace(spec, environment={"PASSWORD": "hunter2"}))
