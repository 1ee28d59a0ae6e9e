"""Waits for something that others do: asks, waits for news of it or a moment, and asks again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from tisktask_runner.jobsocket.voice import Voice

AnswerT = TypeVar("AnswerT")

#: News may get lost.
POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Subject:
    """What news are waited for."""

    #: Id of the run; of the repository for locks.
    scope: str
    topics: Sequence[str]


async def wait_for(
    voice: Voice, subject: Subject, ask: Callable[[], Awaitable[AnswerT | None]], seconds: float | None
) -> AnswerT | None:
    """Ask until there is an answer; None: the time is up. `seconds` None: as long as it takes."""
    give_up_at = None if seconds is None else time.monotonic() + seconds
    async with voice.lent():
        with voice.news.listening(subject.scope, subject.topics) as heard:
            while True:
                heard.clear()
                answer = await ask()
                if answer is not None:
                    return answer
                left = POLL_SECONDS if give_up_at is None else min(POLL_SECONDS, give_up_at - time.monotonic())
                if left <= 0:
                    return None
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await heard.wait()
