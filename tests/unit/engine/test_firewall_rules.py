"""The firewall rules as text, and whether they are found in what iptables prints."""

import pytest

from tisktask_runner.engine.firewall_rules import INTERFACE_PREFIX, ipv4_chains, ipv6_chains, is_jump
from tisktask_runner.engine.networks import new_interface

CHAINS = ipv4_chains(("192.0.2.53",))
NETAVARK = '-A FORWARD -m comment --comment "netavark firewall plugin rules" -j NETAVARK_FORWARD'
JUMPS = [
    "-A INPUT -i tisk-+ -j TISKTASK-INPUT",
    "-A FORWARD -i tisk-+ -j TISKTASK-FORWARD",
    "-A FORWARD -o tisk-+ -j TISKTASK-FORWARD",
]


def installed() -> list[str]:
    # iptables prints chains in the order of their names.
    forward = [rule for rule in CHAINS.rules if "TISKTASK-FORWARD" in rule]
    to_input = [rule for rule in CHAINS.rules if rule not in forward]
    return ["-P INPUT ACCEPT", "-N TISKTASK-FORWARD", *JUMPS, NETAVARK, *forward, *to_input]


def test_rules_that_are_there_are_found() -> None:
    assert CHAINS.are_in(installed())


@pytest.mark.parametrize("missing", range(2, len(installed())))
def test_any_rule_that_is_missing_is_missed(missing: int) -> None:
    lines = installed()
    removed = lines.pop(missing)
    assert CHAINS.are_in(lines) == (removed == NETAVARK)


def test_rules_behind_another_one_do_not_count() -> None:
    lines = [line for line in installed() if line != NETAVARK]
    lines.insert(lines.index(JUMPS[1]), NETAVARK)
    assert not CHAINS.are_in(lines)


def test_restoring_replaces_our_chains_and_every_jump_in_one_step() -> None:
    text = CHAINS.restore([NETAVARK, JUMPS[0], JUMPS[0], JUMPS[2]])
    lines = text.splitlines()
    assert lines[:3] == ["*filter", ":TISKTASK-INPUT - [0:0]", ":TISKTASK-FORWARD - [0:0]"]
    assert lines[-1] == "COMMIT"
    assert lines.count(JUMPS[0].replace("-A", "-D")) == 2
    assert not any("NETAVARK" in line for line in lines)
    inserted = [line for line in lines if line.startswith("-I")]
    assert inserted == [
        "-I FORWARD 1 -o tisk-+ -j TISKTASK-FORWARD",
        "-I FORWARD 1 -i tisk-+ -j TISKTASK-FORWARD",
        "-I INPUT 1 -i tisk-+ -j TISKTASK-INPUT",
    ]


def test_the_name_service_comes_before_metadata_is_refused() -> None:
    """In some clouds the name server has the metadata service's address."""
    rules = ipv4_chains(("169.254.169.254",)).rules
    forward = [rule for rule in rules if "TISKTASK-FORWARD" in rule]
    allowed = next(number for number, rule in enumerate(forward) if "169.254.169.254/32 -p udp" in rule)
    refused = next(number for number, rule in enumerate(forward) if "169.254.0.0/16" in rule)
    assert allowed < refused


def test_ipv6_leads_nowhere() -> None:
    assert {rule.split(" ", 2)[2] for rule in ipv6_chains().rules} == {"-j REJECT --reject-with icmp6-port-unreachable"}


def test_bridges_have_names_that_the_rules_match_and_the_kernel_takes() -> None:
    names = {new_interface("local") for _ in range(50)}
    assert len(names) == 50
    assert all(name.startswith(INTERFACE_PREFIX) and len(name) <= 15 for name in names)


def test_jumps_are_told_from_other_rules() -> None:
    assert is_jump(JUMPS[0])
    assert not is_jump(NETAVARK)
    assert not is_jump("-N TISKTASK-INPUT")
