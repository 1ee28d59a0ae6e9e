"""Which configurations are tried on which host."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from engine_facts import DEBIAN_SERVER, HYBRID, ROOTLESS, without
from tisktask_runner.host.candidates import candidates, containers_conf, storage_conf
from tisktask_runner.host.facts import Facts, nameservers_in
from tisktask_runner.host.storage import Storage

SYSTEM = Storage(Path("/state"))
OWN = Storage(Path("/state"), Path("/s/root"), Path("/s/run"))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            DEBIAN_SERVER,
            [
                "crun, systemd, default limits",
                "crun, cgroupfs, default limits",
                "runc, systemd, default limits",
                "runc, cgroupfs, default limits",
                "crun, systemd, nofile=1048576 nproc=1048576",
                "crun, cgroupfs, nofile=1048576 nproc=1048576",
                "runc, systemd, nofile=1048576 nproc=1048576",
                "runc, cgroupfs, nofile=1048576 nproc=1048576",
            ],
        ),
        (HYBRID, ["runc, cgroupfs, nofile=20000 nproc=32768", "crun, cgroupfs, nofile=20000 nproc=32768"]),
        (without(HYBRID, "runc"), ["crun, cgroupfs, nofile=20000 nproc=32768"]),
        (without(HYBRID, "runc", "crun"), []),
    ],
)
def test_the_most_promising_is_tried_first(facts: Facts, expected: list[str]) -> None:
    assert [str(one).partition(", storage")[0] for one in candidates(facts, SYSTEM)] == expected


def test_the_conf_is_what_podman_reads() -> None:
    conf = tomllib.loads(containers_conf(candidates(HYBRID, SYSTEM)[0], SYSTEM))
    assert conf == {
        "containers": {"log_driver": "k8s-file", "default_ulimits": ["nofile=20000:20000", "nproc=32768:32768"]},
        "engine": {"runtime": "runc", "cgroup_manager": "cgroupfs", "events_logger": "file"},
        "network": {"network_backend": "netavark"},
    }


def test_a_storage_of_its_own_shares_no_locks_and_no_run_directory() -> None:
    first = candidates(HYBRID, OWN)[0]
    conf = tomllib.loads(containers_conf(first, OWN))
    assert conf["engine"]["lock_type"] == "file"
    assert conf["engine"]["tmp_dir"] == "/s/run/libpod" == str(OWN.tmp_dir)
    storage = tomllib.loads(storage_conf(first, OWN))
    assert storage == {"storage": {"driver": "overlay", "graphroot": "/s/root", "runroot": "/s/run"}}


def test_slower_storages_are_tried_after_overlay_and_only_where_we_name_the_storage() -> None:
    drivers = [one.storage_driver for one in candidates(HYBRID, OWN) if one.runtime == "runc"]
    assert drivers == ["overlay", "overlay+/usr/bin/fuse-overlayfs", "vfs"]
    fuse = next(one for one in candidates(HYBRID, OWN) if "fuse" in one.storage_driver)
    storage = tomllib.loads(storage_conf(fuse, OWN))["storage"]
    assert storage["driver"] == "overlay"
    assert storage["options"] == {"overlay": {"mount_program": "/usr/bin/fuse-overlayfs"}}
    assert {one.storage_driver for one in candidates(HYBRID, SYSTEM)} == {"as the system has it"}


def test_the_command_line_finds_the_storage_by_its_environment(tmp_path: Path) -> None:
    own = Storage(tmp_path, tmp_path / "root", tmp_path / "run")
    environment = own.environment({"PATH": "/bin"})
    assert environment == {
        "PATH": "/bin",
        "CONTAINERS_CONF": str(tmp_path / "podman" / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(tmp_path / "podman" / "storage.conf"),
        "TMPDIR": str(tmp_path / "podman" / "tmp"),
    }
    assert "CONTAINERS_STORAGE_CONF" not in Storage(tmp_path).environment({})


def test_a_journal_is_only_for_root() -> None:
    assert {one.events_logger for one in candidates(ROOTLESS, SYSTEM)} == {"file"}
    assert {one.events_logger for one in candidates(DEBIAN_SERVER, SYSTEM)} == {"journald"}


def test_the_fingerprint_changes_with_the_programs_and_not_with_the_network() -> None:
    assert replace(HYBRID, nameservers=(), mtu=9000).fingerprint == HYBRID.fingerprint
    assert without(HYBRID, "crun").fingerprint != HYBRID.fingerprint
    assert replace(HYBRID, pid_max=1).fingerprint != HYBRID.fingerprint


def test_name_servers_are_read_out_of_a_resolv_conf() -> None:
    text = "# nameserver 1.1.1.1\nsearch example.org\nnameserver 192.0.2.1\nnameserver\tfd00::1\noptions ndots:5\n"
    assert nameservers_in(text) == ("192.0.2.1", "fd00::1")
