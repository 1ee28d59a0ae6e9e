"""The firewall rules that part jobs from the host and from each other. Pure: text in, text out.

They know no job: they match by the prefix of the bridges' names, so that every Tisktask of the machine
writes the same rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass

#: Bridges are called by this and ten more characters.
INTERFACE_PREFIX = "tisk-"
INPUT_CHAIN = "TISKTASK-INPUT"
FORWARD_CHAIN = "TISKTASK-FORWARD"

#: Bridges of other containers and virtual machines.
_OTHER_BRIDGES = ("podman+", "docker+", "br-+", "cni+", "virbr+", "lxcbr+", "lxdbr+", "incusbr+")
#: Link-local: metadata services of clouds give credentials to whoever asks.
_METADATA = "169.254.0.0/16"

#: Where packets turn into our chains: (chain, match and target).
JUMPS = (
    ("INPUT", f"-i {INTERFACE_PREFIX}+ -j {INPUT_CHAIN}"),
    ("FORWARD", f"-i {INTERFACE_PREFIX}+ -j {FORWARD_CHAIN}"),
    ("FORWARD", f"-o {INTERFACE_PREFIX}+ -j {FORWARD_CHAIN}"),
)


@dataclass(frozen=True)
class Chains:
    """What our two chains hold, in the words of `iptables -S`."""

    rules: tuple[str, ...]

    def restore(self, installed: list[str]) -> str:
        """Text for `iptables-restore --noflush`: chains replaced, jumps moved to the front, in one step."""
        stale = [line.replace("-A ", "-D ", 1) for line in installed if is_jump(line)]
        jumps = [f"-I {chain} 1 {rest}" for chain, rest in reversed(JUMPS)]
        lines = ["*filter", f":{INPUT_CHAIN} - [0:0]", f":{FORWARD_CHAIN} - [0:0]", *self.rules, *stale, *jumps]
        return "\n".join([*lines, "COMMIT", ""])

    def are_in(self, installed: list[str]) -> bool:
        """Whether the output of `iptables -S` has all of it, and the jumps before every other rule."""
        return all(
            _rules_of(chain, installed) == _rules_of(chain, self.rules) for chain in (INPUT_CHAIN, FORWARD_CHAIN)
        ) and all(_rules_of(chain, installed)[: len(wanted)] == wanted for chain, wanted in _jumps_by_chain().items())


def ipv4_chains(nameservers: tuple[str, ...]) -> Chains:
    """Out: yes. To this host, to other containers, to metadata services: no, but for their name service."""
    established = "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
    names = [
        f"-d {server}/32 -p {protocol} -m {protocol} --dport 53 -j RETURN"
        for server in nameservers
        for protocol in ("udp", "tcp")
    ]
    reject = "-j REJECT --reject-with icmp-port-unreachable"
    to_input = [established, *names, reject]
    to_forward = [
        established,
        f"-o {INTERFACE_PREFIX}+ {reject}",
        *names,
        f"-d {_METADATA} {reject}",
        # A port that the host publishes for another container.
        f"-m conntrack --ctstate DNAT {reject}",
        *(f"-o {bridge} {reject}" for bridge in _OTHER_BRIDGES),
    ]
    return _chains(to_input, to_forward)


def ipv6_chains() -> Chains:
    """Nothing: job networks have no IPv6, but every bridge has a link-local address that leads to the host."""
    reject = "-j REJECT --reject-with icmp6-port-unreachable"
    return _chains([reject], [reject])


def is_jump(line: str) -> bool:
    return line.startswith("-A ") and line.endswith((f"-j {INPUT_CHAIN}", f"-j {FORWARD_CHAIN}"))


def _chains(to_input: list[str], to_forward: list[str]) -> Chains:
    rules = [f"-A {INPUT_CHAIN} {rule}" for rule in to_input] + [f"-A {FORWARD_CHAIN} {rule}" for rule in to_forward]
    return Chains(tuple(rules))


def _jumps_by_chain() -> dict[str, list[str]]:
    chains: dict[str, list[str]] = {}
    for chain, rest in JUMPS:
        chains.setdefault(chain, []).append(f"-A {chain} {rest}")
    return chains


def _rules_of(chain: str, installed: Iterable[str]) -> list[str]:
    return [line for line in installed if line.startswith(f"-A {chain} ")]
