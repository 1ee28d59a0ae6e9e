"""Commands for the locks of the repository: of all its runs, one job has a lock at a time."""

from collections.abc import Awaitable, Callable

from tisktask_common.job_requests import LockReply, ReleaseLock, TakeLock
from tisktask_common.resp import OK, Reply
from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.arguments import Takes, only_options, refuse, seconds_of, text
from tisktask_runner.jobsocket.command import Command, CommandError, Session
from tisktask_runner.jobsocket.voice import Voice
from tisktask_runner.jobsocket.waiting import Subject, wait_for

_NAME_LENGTH_MAX = 200


class Locks:
    """The locks that a job has and wants."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        #: Those that were answered with OK here: an abandoned LOCK must not give them back.
        self._taken: set[str] = set()

    def commands(self) -> list[Command]:
        return [
            Command(
                "LOCK",
                self._lock,
                -2,
                "locks",
                "name [TTL seconds] [WAIT seconds]",
                "Take a lock that all runs of the repository share; waits for it, or so long.",
                "LOCK deploy TTL 600 WAIT 60",
                is_blocking=True,
            ),
            Command("UNLOCK", self._unlock, 2, "locks", "name", "Give a lock back.", "UNLOCK deploy"),
        ]

    async def _lock(self, _: Session, arguments: list[bytes]) -> Reply:
        name = lock_name(arguments[0])
        given = only_options({"TTL": Takes.VALUE, "WAIT": Takes.VALUE}, arguments[1:])
        seconds_max, wait_seconds = seconds_of(given, "TTL") or None, seconds_of(given, "WAIT")
        request = TakeLock(**self._voice.signature, name=name, seconds_max=seconds_max, is_waiting=wait_seconds != 0)
        last = LockReply(is_taken=False)

        async def ask() -> LockReply | None:
            nonlocal last
            last = await self._voice.ask(request)
            if last.is_taken:
                return last
            # If it was ours once, its time is up.
            self._taken.discard(name)
            return None

        if wait_seconds == 0:
            await ask()
        else:
            await self._wait(name, Subject(self._voice.spec.repository.id, [f"lock:{name}"]), ask, wait_seconds)
        if not last.is_taken:
            raise CommandError("LOCKED", words.lock_held(name, last.holder))
        self._taken.add(name)
        return OK

    async def _wait(
        self, name: str, subject: Subject, ask: Callable[[], Awaitable[LockReply | None]], seconds: float | None
    ) -> None:
        """Wait for a turn; who gives up, however, gives its place in the queue to the next."""
        has_lock = False
        try:
            has_lock = await wait_for(self._voice, subject, ask, seconds) is not None
        finally:
            # When the socket is closed by us, the client comes again: its place is kept for it.
            if not has_lock and name not in self._taken and not self._voice.is_closing:
                self._voice.later("release-lock", self._give_up(name))

    async def _give_up(self, name: str) -> None:
        await self._voice.ask(ReleaseLock(**self._voice.signature, name=name))

    async def _unlock(self, _: Session, arguments: list[bytes]) -> Reply:
        name = lock_name(arguments[0])
        answer = await self._voice.ask(ReleaseLock(**self._voice.signature, name=name))
        self._taken.discard(name)
        if not answer.accepted:
            raise CommandError("NOTFOUND", answer.reason or words.lock_not_ours(name))
        return OK


def lock_name(argument: bytes) -> str:
    name = text(argument, "the lock's name")
    if not name.strip():
        refuse(words.empty("the lock's name"))
    if len(name) > _NAME_LENGTH_MAX:
        refuse(words.too_long("the lock's name", _NAME_LENGTH_MAX))
    return name
