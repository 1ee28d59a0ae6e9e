"""A network of its own for each job, on a bridge whose name the firewall rules know."""

import base64
import secrets
from dataclasses import dataclass

from tisktask_runner.engine.container_body import NetworkOrder, network_body
from tisktask_runner.engine.isolation import INTERFACE_PREFIX, Isolation
from tisktask_runner.engine.libpod import Libpod, LibpodError
from tisktask_runner.engine.podman_info import host_tag, pod_name
from tisktask_runner.engine.removal import remove_network

_TRIES = 3
_EXISTS = 409


@dataclass(frozen=True)
class Networks:
    """The job networks of one runner host."""

    libpod: Libpod
    host: str
    isolation: Isolation

    async def make(self, name: str) -> str:
        """Make a network; returns its name, which is the given one."""
        await self.isolation.confirm()
        for tried in range(1, _TRIES + 1):
            order = NetworkOrder(
                name=name,
                interface=new_interface(self.host),
                host=self.host,
                mtu=self.isolation.mtu,
                is_isolated_by_podman=not self.isolation.is_possible,
            )
            try:
                await self.libpod.post("/networks/create", network_body(order))
            except LibpodError as error:
                if order.interface not in error.cause or tried == _TRIES:
                    raise
            else:
                break
        return name

    async def make_for_builds(self) -> str:
        """The one network that this host's builds share; made if it is not there."""
        await self.isolation.confirm()
        name = build_network_name(self.host)
        order = NetworkOrder(
            name=name,
            interface=f"{interface_prefix(self.host)}build0",
            host=self.host,
            mtu=self.isolation.mtu,
            is_isolated_by_podman=not self.isolation.is_possible,
        )
        try:
            await self.libpod.post("/networks/create", network_body(order))
        except LibpodError as error:
            if error.status != _EXISTS:
                raise
        return name

    async def remove(self, name: str) -> None:
        await remove_network(self.libpod, name)


def new_interface(host: str) -> str:
    """A name of 15 characters, as long as the kernel allows: the prefix, the host's tag, chance."""
    chance = base64.b32encode(secrets.token_bytes(4)).decode().lower()[:6]
    return f"{interface_prefix(host)}{chance}"


def build_network_name(host: str) -> str:
    return pod_name(host, "builds")


def interface_prefix(host: str) -> str:
    return f"{INTERFACE_PREFIX}{host_tag(host)}"
