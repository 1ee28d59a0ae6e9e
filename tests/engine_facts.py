"""Facts of typical hosts, for tests of what follows from them."""

from dataclasses import replace

from tisktask_runner.host.facts import HELPERS, Facts, Helper

ALL_CAPABILITIES = (1 << 41) - 1

DEBIAN_SERVER = Facts(
    is_root=True,
    user="root",
    cgroups="v2",
    capabilities=ALL_CAPABILITIES,
    nofile_max=1048576,
    nproc_max=None,
    pid_max=4194304,
    has_systemd=True,
    has_journal=True,
    has_tun=True,
    has_subordinate_ids=True,
    helpers={name: Helper(f"/usr/bin/{name}", "1.1") for name in HELPERS},
    nameservers=("192.0.2.53",),
    mtu=1500,
)
#: A small virtual machine or container: hybrid control groups, no systemd, no CAP_SYS_RESOURCE.
HYBRID = replace(
    DEBIAN_SERVER,
    cgroups="hybrid",
    capabilities=ALL_CAPABILITIES & ~(1 << 24),
    nofile_max=20000,
    nproc_max=96365,
    pid_max=32768,
    has_systemd=False,
    has_journal=False,
)
ROOTLESS = replace(DEBIAN_SERVER, is_root=False, user="ci", capabilities=0)


def without(facts: Facts, *helpers: str) -> Facts:
    return replace(facts, helpers={name: helper for name, helper in facts.helpers.items() if name not in helpers})
