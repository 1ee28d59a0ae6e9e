"""What the orchestrator says to this host when something has changed that somebody here may wait for."""

import asyncio
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager

import structlog
from nats.aio.msg import Msg
from pydantic import ValidationError

from tisktask_common.bus.connection import Bus
from tisktask_common.job_requests import News
from tisktask_common.subjects import news_subject

log = structlog.get_logger()


class NewsDesk:
    """One subscription for all of a process who wait. News may get lost: who waits also asks now and then.

        with desk.listening(run, ["jobs"]) as heard:
            while not (answer := await ask()):
                await heard or 2 seconds
                heard.clear()

    Listen before you ask: news that come in between are not missed then.
    """

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], set[asyncio.Event]] = defaultdict(set)

    async def open(self, bus: Bus, runner: str) -> None:
        """Hear what is said to this host from now on."""
        bus.on_reconnect(self.wake_all)
        await bus.client.subscribe(news_subject(runner), cb=self._on_message)

    @contextmanager
    def listening(self, scope: str, topics: Iterable[str]) -> Generator[asyncio.Event]:
        """Give an event that is set at news of these topics; whoever waits for it clears it before asking again."""
        event = asyncio.Event()
        keys = [(scope, topic) for topic in set(topics)]
        for key in keys:
            self._waiting[key].add(event)
        try:
            yield event
        finally:
            for key in keys:
                self._waiting[key].discard(event)
                if not self._waiting[key]:
                    del self._waiting[key]

    def tell(self, news: News) -> None:
        """Wake those who wait for it."""
        for topic in news.topics:
            for event in self._waiting.get((news.scope, topic), ()):
                event.set()

    def wake_all(self) -> None:
        """Let everybody ask again: while the bus was away, nothing was heard."""
        for events in self._waiting.values():
            for event in events:
                event.set()

    async def _on_message(self, message: Msg) -> None:
        try:
            news = News.model_validate_json(message.data)
        except ValidationError as error:
            log.warning("news_unreadable", error=str(error))
            return
        self.tell(news)
