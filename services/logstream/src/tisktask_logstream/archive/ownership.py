"""Whose log it is: a runner host can write only the logs of attempts that were granted to it."""

import asyncio
from collections import OrderedDict
from dataclasses import replace

import structlog

from tisktask_common.errors import DatabaseError, InfrastructureError
from tisktask_common.subjects import token
from tisktask_logstream.log_names import Address
from tisktask_logstream.store import Store

log = structlog.get_logger()

_REMEMBERED_MAX = 10_000
_RETRY_SECONDS = 1.0


class AttemptOwners:
    """Remembers which host an attempt belongs to. While the database is away, who is not known yet waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: OrderedDict[Address, bool] = OrderedDict()
        self._asking = asyncio.Lock()

    async def is_owner(self, address: Address) -> bool:
        """Tell whether the sender may; raises InfrastructureError if there is no such attempt."""
        # The containers beside a job are its attempt's too.
        address = replace(address, log=replace(address.log, container=""))
        known = self._known.get(address)
        if known is not None:
            return known
        async with self._asking:
            if address not in self._known:
                self._known[address] = await self._ask(address)
                if len(self._known) > _REMEMBERED_MAX:
                    self._known.popitem(last=False)
            return self._known[address]

    async def _ask(self, address: Address) -> bool:
        while True:
            try:
                runner = await self._store.get_attempt_runner(address.log)
            except DatabaseError as error:
                log.warning("attempt_owner_not_known", job=address.log.job, error=error.message)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if runner is None:
                raise InfrastructureError(f"log of attempt {address.log.attempt} of {address.log.job}: no such attempt")
            return token(runner) == address.runner
