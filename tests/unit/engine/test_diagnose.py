"""What the doctor says about which host."""

from dataclasses import replace

import pytest

from engine_facts import DEBIAN_SERVER, HYBRID, ROOTLESS, without
from tisktask_runner.host import words
from tisktask_runner.host.configure import Configured
from tisktask_runner.host.diagnose import diagnose
from tisktask_runner.host.facts import Facts
from tisktask_runner.host.probe import Probe

WORKS = Probe(
    versions={"podman": "podman version 4.3.1"},
    configured=Configured("runc, cgroupfs", ("bridge", "none"), was_known=False),
    storage_driver="overlay",
    delegated_controllers=("cpu", "memory", "pids"),
)


@pytest.mark.parametrize("facts", [DEBIAN_SERVER, HYBRID])
def test_a_good_host_has_no_complaint(facts: Facts) -> None:
    assert {finding.level for finding in diagnose(facts, WORKS)} == {"ok"}


@pytest.mark.parametrize("program", [*words.PROGRAM_USES])
def test_every_program_that_is_missing_is_a_problem_with_a_remedy(program: str) -> None:
    findings = {finding.title: finding for finding in diagnose(without(HYBRID, program), WORKS)}
    assert findings[program].level == "problem"
    assert findings[program].remedy


@pytest.mark.parametrize(
    ("facts", "probe", "title", "level"),
    [
        (without(HYBRID, "runc"), WORKS, words.RUNTIME, "problem"),
        (without(HYBRID, "runc", "crun"), WORKS, words.RUNTIME, "problem"),
        (without(DEBIAN_SERVER, "runc"), WORKS, words.RUNTIME, "ok"),
        (replace(HYBRID, cgroups="none"), WORKS, words.LIMITS, "problem"),
        (HYBRID, replace(WORKS, configured=None, configure_error="no"), words.PODS, "problem"),
        (HYBRID, replace(WORKS, configured=Configured("", ("none",), was_known=True)), words.NETWORKS, "problem"),
        (HYBRID, replace(WORKS, storage_driver="vfs"), words.STORAGE, "warning"),
        (HYBRID, replace(WORKS, firewall_error="Permission denied"), words.ISOLATION, "problem"),
        (without(HYBRID, "ip6tables"), WORKS, words.ISOLATION, "warning"),
        (replace(HYBRID, nameservers=()), WORKS, words.NAMES, "warning"),
        (replace(HYBRID, nameservers=("127.0.0.1",)), WORKS, words.NAMES, "warning"),
        (ROOTLESS, WORKS, words.CALLER, "warning"),
        (ROOTLESS, WORKS, words.ISOLATION, "warning"),
        (ROOTLESS, WORKS, words.LIMITS, "ok"),
        (ROOTLESS, replace(WORKS, delegated_controllers=("memory",)), words.LIMITS, "warning"),
        (replace(ROOTLESS, cgroups="v1"), WORKS, words.LIMITS, "problem"),
        (replace(ROOTLESS, has_subordinate_ids=False), WORKS, words.USER_IDS, "problem"),
        (replace(ROOTLESS, has_tun=False), WORKS, words.USER_NETWORK, "problem"),
    ],
)
def test_what_is_wrong_is_said_with_its_remedy(facts: Facts, probe: Probe, title: str, level: str) -> None:
    finding = next(finding for finding in diagnose(facts, probe) if finding.title == title)
    assert finding.level == level
    assert level == "ok" or (finding.detail and finding.remedy)
