"""A forge in a thread of its own, for tests that are not asynchronous."""

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

from forge.server import Forge
from forge.state import Flavour

Result = TypeVar("Result")


class BackgroundForge:
    """`with BackgroundForge(Flavour.GITEA) as forge:` - `forge.state`, `forge.posts`, ... are those of the model."""

    def __init__(self, flavour: Flavour, version: str | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"forge-{flavour}")
        self._flavour, self._version = flavour, version

    def __enter__(self) -> Forge:
        self._thread.start()
        self._forge = self._run(Forge.start(self._flavour, self._version))
        return self._forge

    def stop(self) -> None:
        self._run(self._forge.stop())

    def start_again(self) -> None:
        self._run(self._forge.start_again())

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        if kind is None:
            self._forge.check()

    def _run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)
