"""Secrets that clients send are sealed for the orchestrator before they leave this process."""

from pydantic import SecretStr

from tisktask_common.rpc import AskPublicKey
from tisktask_common.sealing import seal
from tisktask_logstream.api.runs import PATIENCE_SECONDS
from tisktask_logstream.bus_link import BusLink


async def seal_secret(bus: BusLink, secret: SecretStr) -> str:
    reply = await bus.request(AskPublicKey(), PATIENCE_SECONDS)
    return seal(secret, reply.public_key)


async def seal_if_given(bus: BusLink, secret: SecretStr | None) -> str | None:
    return None if secret is None else await seal_secret(bus, secret)
