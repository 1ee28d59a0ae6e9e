"""The process that becomes Podman's API."""

import json
import os
import subprocess
import sys
from pathlib import Path

from engine_facts import without
from podman_host import PodmanHost
from tisktask_runner.engine.service import EXIT_HOST_UNUSABLE
from tisktask_runner.host.configure import configure, read_configured
from tisktask_runner.host.diagnose import diagnose
from tisktask_runner.host.facts import read_facts
from tisktask_runner.host.probe import probe


async def test_what_was_proven_is_not_proven_again(podman_host: PodmanHost) -> None:
    configured = configure(podman_host.storage)
    assert configured.was_known
    assert "none" in configured.networks
    assert read_configured(podman_host.storage, without(read_facts(), "podman")) is None


def test_podman_works_in_a_directory_of_its_own(podman_host: PodmanHost) -> None:
    """The monitors of containers inherit it, and on cgroup v1 write a file there when memory runs out."""
    assert podman_host.process
    directory = Path(f"/proc/{podman_host.process.pid}/cwd").readlink()
    assert directory == podman_host.storage.containers_conf.parent


async def test_the_doctor_finds_nothing_wrong_with_a_host_that_works(podman_host: PodmanHost) -> None:
    facts = read_facts()
    findings = diagnose(facts, probe(podman_host.storage, facts))
    assert [finding for finding in findings if finding.level == "problem"] == []
    podman = next(finding for finding in findings if finding.title == "podman")
    assert "version" in podman.detail


def test_an_unusable_storage_is_told_with_podmans_words(tmp_path: Path) -> None:
    """The storage's place is a file."""
    (tmp_path / "root").write_text("")
    command = [sys.executable, "-m", "tisktask_runner.engine", "--state", tmp_path / "state"]
    command += ["--socket", tmp_path / "s", "--root", tmp_path / "root", "--runroot", tmp_path / "run"]
    environment = {**os.environ, "TISKTASK_LOG_FORMAT": "json"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=50, env=environment, check=False)
    assert result.returncode == EXIT_HOST_UNUSABLE
    said = json.loads(result.stdout.splitlines()[-1])
    assert said["event"] == "podman_unusable"
    assert "storage can not be opened" in said["reason"]
    assert "not a directory" in said["reason"]
