"""What `tisktask doctor` says about this host. Pure: facts and what was tried in, findings out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tisktask_runner.host import words
from tisktask_runner.host.facts import Facts
from tisktask_runner.host.probe import Probe

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor."""

    level: Level
    title: str
    detail: str = ""
    #: What to do; empty if there is nothing to do.
    remedy: str = ""


def diagnose(facts: Facts, probe: Probe) -> list[Finding]:
    """Judge everything that `make setup` installs and that jobs rely on, in a fixed order."""
    checks: list[Callable[[Facts, Probe], list[Finding]]] = [
        _programs,
        _caller,
        _pods,
        _storage,
        _limits,
        _isolation,
        _names,
    ]
    return [finding for check in checks for finding in check(facts, probe)]


def _programs(facts: Facts, probe: Probe) -> list[Finding]:
    findings: list[Finding] = []
    for name, use in words.PROGRAM_USES.items():
        if facts.has(name):
            findings.append(Finding("ok", name, probe.versions.get(name, "")))
        else:
            findings.append(Finding("problem", name, words.not_installed(use), words.INSTALL))
    runtimes = [name for name in ("crun", "runc") if facts.has(name)]
    usable = [name for name in runtimes if name == "runc" or facts.cgroups == "v2"]
    said = ", ".join(probe.versions.get(name, name) for name in runtimes)
    if usable:
        findings.append(Finding("ok", words.RUNTIME, said))
    elif runtimes:
        findings.append(Finding("problem", words.RUNTIME, words.RUNTIME_NEEDS_V2, words.INSTALL_RUNC))
    else:
        findings.append(Finding("problem", words.RUNTIME, words.RUNTIME_MISSING, words.INSTALL))
    return findings


def _caller(facts: Facts, _probe: Probe) -> list[Finding]:
    if facts.is_root:
        return [Finding("ok", words.CALLER, words.IS_ROOT)]
    findings = [Finding("warning", words.CALLER, words.rootless_costs(facts.user), words.RUN_AS_ROOT)]
    if not facts.has("newuidmap") or not facts.has_subordinate_ids:
        findings.append(Finding("problem", words.USER_IDS, words.NO_USER_IDS, words.add_user_ids(facts.user)))
    if not facts.has_tun or not (facts.has("slirp4netns") or facts.has("pasta")):
        findings.append(Finding("problem", words.USER_NETWORK, words.NO_USER_NETWORK, words.ADD_USER_NETWORK))
    return findings


def _pods(_facts: Facts, probe: Probe) -> list[Finding]:
    if probe.configured is None:
        return [Finding("problem", words.PODS, probe.configure_error, words.SEE_TRIED)]
    findings = [Finding("ok", words.PODS, probe.configured.description)]
    if probe.configured.networks[:1] == ("none",):
        findings.append(Finding("problem", words.NETWORKS, words.NO_NETWORK_WORKS, words.FIX_NETWORK))
    return findings


def _storage(_facts: Facts, probe: Probe) -> list[Finding]:
    if not probe.storage_driver:
        return []
    if probe.storage_driver == "vfs":
        return [Finding("warning", words.STORAGE, words.STORAGE_COPIES, words.USE_OVERLAY)]
    return [Finding("ok", words.STORAGE, probe.storage_driver)]


def _limits(facts: Facts, probe: Probe) -> list[Finding]:
    if facts.cgroups == "none":
        return [Finding("problem", words.LIMITS, words.NO_CGROUPS, words.MOUNT_CGROUPS)]
    if facts.is_root:
        return [Finding("ok", words.LIMITS, f"cgroup {facts.cgroups}")]
    if facts.cgroups != "v2":
        return [Finding("problem", words.LIMITS, words.ROOTLESS_V1_LIMITS, words.RUN_AS_ROOT)]
    missing = [name for name in ("memory", "pids", "cpu") if name not in probe.delegated_controllers]
    if missing:
        return [Finding("warning", words.LIMITS, words.not_delegated(missing), words.DELEGATE)]
    return [Finding("ok", words.LIMITS, "cgroup v2, delegated")]


def _isolation(facts: Facts, probe: Probe) -> list[Finding]:
    if not facts.is_root or not facts.may_change_network:
        return [Finding("warning", words.ISOLATION, words.NO_ISOLATION, words.RUN_AS_ROOT)]
    if not facts.has("iptables") or probe.firewall_error:
        said = f"{words.NO_ISOLATION} {probe.firewall_error}".strip()
        return [Finding("problem", words.ISOLATION, said, words.INSTALL)]
    if not facts.has("ip6tables"):
        return [Finding("warning", words.ISOLATION, words.NO_ISOLATION_6, words.INSTALL)]
    return [Finding("ok", words.ISOLATION, words.ISOLATED)]


def _names(facts: Facts, _probe: Probe) -> list[Finding]:
    if not facts.nameservers:
        return [Finding("warning", words.NAMES, words.NO_NAMESERVER, words.SET_NAMESERVER)]
    if all(server.startswith("127.") or server == "::1" for server in facts.nameservers):
        detail = words.loopback_nameservers(list(facts.nameservers))
        return [Finding("warning", words.NAMES, detail, words.SET_NAMESERVER)]
    return [Finding("ok", words.NAMES, ", ".join(facts.nameservers))]
