"""Removes rules of address translation that are left when netavark, or its Podman, dies in the middle of things.

Each network has a chain of its own, named by a hash of the network's name; nothing else ever removes one that is left.
"""

import hashlib
import os
import subprocess

import structlog
from prometheus_client import Counter

log = structlog.get_logger()

_COMMAND_SECONDS_MAX = 20
_HASH_CHARS = 13

chains_removed = Counter("tisktask_translation_chains_removed_total", "Chains of networks that were gone")


def chain_of(network: str) -> str:
    """Give the name of a network's chain, as netavark makes it."""
    return f"NETAVARK-{hashlib.sha512(network.encode()).hexdigest()[:_HASH_CHARS].upper()}"


def remove_chain(network: str) -> bool:
    """Remove what is left of a network that is no more; False: nothing was. Blocks."""
    if os.geteuid() != 0:
        return False
    chain = chain_of(network)
    try:
        rules = _iptables("-S").splitlines()
        if f"-N {chain}" not in rules:
            return False
        for jump in (rule for rule in rules if rule.endswith(f" -j {chain}")):
            _iptables("-D", *jump.split()[1:])
        _iptables("-F", chain)
        _iptables("-X", chain)
    except FileNotFoundError:
        # Without iptables there are no rules.
        return False
    except (OSError, subprocess.SubprocessError) as error:
        log.warning("translation_chain_not_removed", network=network, chain=chain, error=str(error))
        return False
    chains_removed.inc()
    log.info("translation_chain_removed", network=network, chain=chain)
    return True


def _iptables(*arguments: str) -> str:
    done = subprocess.run(
        ["iptables", "--wait", "5", "-t", "nat", *arguments],
        capture_output=True,
        text=True,
        timeout=_COMMAND_SECONDS_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f"iptables {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
