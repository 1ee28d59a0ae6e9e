"""Keeps the firewall rules of `firewall_rules` in the kernel, whoever removes them."""

import asyncio
import fcntl
import ipaddress
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge

from tisktask_runner.engine.firewall_rules import INTERFACE_PREFIX, Chains, ipv4_chains, ipv6_chains
from tisktask_runner.host.facts import Facts, read_facts

log = structlog.get_logger()

__all__ = ["INTERFACE_PREFIX", "Isolation"]

is_isolated = Gauge("tisktask_runner_jobs_isolated", "1: jobs can reach neither this host nor each other")
repairs = Counter("tisktask_runner_isolation_repairs_total", "Times that firewall rules had to be written again")

_KEEP_SECONDS = 15.0
#: What was seen that lately needs no look before the next job.
_CONFIRMED_SECONDS = 45.0
_COMMAND_SECONDS_MAX = 20
#: One writer at a time on the whole machine: two would both add their jumps.
_LOCK = Path("/run/tisktask-firewall.lock")


@dataclass
class Isolation:
    """The rules as this machine needs them."""

    #: Command -> what it must have in place.
    wanted: dict[str, Chains]
    #: Why there can be none; empty: there can.
    impossible_because: str
    #: Of the way out; None: the usual one.
    mtu: int | None
    _confirmed_at: float = field(default=float("-inf"))
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def on_this_host(cls) -> "Isolation":
        return cls.for_facts(read_facts())

    @classmethod
    def for_facts(cls, facts: Facts) -> "Isolation":
        reason = ""
        if not (facts.is_root and facts.may_change_network):
            reason = "the runner is not root, or may not change the network"
        elif not facts.has("iptables"):
            reason = "iptables is not installed"
        nameservers = tuple(server for server in facts.nameservers if _is_usable(server))
        wanted = {"iptables": ipv4_chains(nameservers)}
        if facts.has("ip6tables") and Path("/proc/net/if_inet6").exists():
            wanted["ip6tables"] = ipv6_chains()
        mtu = facts.mtu if facts.mtu and facts.mtu < 1500 else None
        return cls(wanted, reason, mtu)

    @property
    def is_possible(self) -> bool:
        return not self.impossible_because

    async def keep(self) -> None:
        """Look every now and then, until cancelled."""
        if not self.is_possible:
            is_isolated.set(0)
            log.error(
                "jobs_not_isolated",
                reason=self.impossible_because,
                means="jobs can reach services of this host and of its networks",
                hint="see `tisktask doctor`",
            )
            return
        while True:
            await self._ensure()
            await asyncio.sleep(_KEEP_SECONDS)

    async def confirm(self) -> None:
        """Return when the rules are known to be in place, as of a moment ago."""
        if self.is_possible and time.monotonic() - self._confirmed_at > _CONFIRMED_SECONDS:
            await self._ensure()

    async def _ensure(self) -> None:
        async with self._turn:
            try:
                await asyncio.to_thread(self.install)
            except Exception as error:  # whatever it is, the next look may mend it
                is_isolated.set(0)
                said = getattr(error, "stderr", "") or str(error)
                log.exception("jobs_not_isolated", reason=said.strip(), hint="see `tisktask doctor`")
            else:
                is_isolated.set(1)
                self._confirmed_at = time.monotonic()

    def install(self) -> None:
        """Make the rules true if they are not; raises what iptables raises."""
        for command, chains in self.wanted.items():
            if chains.are_in(_installed(command)):
                continue
            with _alone():
                installed = _installed(command)
                if chains.are_in(installed):
                    continue
                _run([f"{command}-restore", "--noflush", "--wait", "5"], chains.restore(installed))
            repairs.inc()
            log.info("isolation_rules_written", command=command)


def _installed(command: str) -> list[str]:
    return _run([command, "--wait", "5", "-S"]).splitlines()


def _run(command: list[str], text: str | None = None) -> str:
    result = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=_COMMAND_SECONDS_MAX, check=True
    )
    return result.stdout


@contextmanager
def _alone() -> Generator[None]:
    with _LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_usable(nameserver: str) -> bool:
    try:
        address = ipaddress.ip_address(nameserver)
    except ValueError:
        return False
    return address.version == 4 and not address.is_loopback
