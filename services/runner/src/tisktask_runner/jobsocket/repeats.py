"""Knows a command that is said again because its connection broke, though its client did not mark it.

Some clients repeat by themselves what took long: redis-py 8 closes the connection after 5 s without a reply and asks
again on a new one. A second EXECJOB of the same words must not start a second job then.
"""

import hashlib
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import structlog

from tisktask_common.errors import TisktaskError
from tisktask_runner.jobsocket.command import CommandError, Session

log = structlog.get_logger()

_DIGEST_CHARACTERS = 32


class Repeats:
    """Names the requests of one attempt: those of the same words are counted, and only answered ones are past.

    A command whose client went before the answer has its number still; the next of the same words gets it, so it is the
    same request. Which numbers are answered stands in a file: it is so after the death of this process as well.
    """

    def __init__(self, attempt: int, answered: Path) -> None:
        self._attempt = attempt
        self._path = answered
        self._taken: defaultdict[str, set[int]] = defaultdict(set[int])
        for line in answered.read_text().splitlines() if answered.exists() else ():
            digest, _, number = line.partition(" ")
            # The last line may be cut off by a power failure.
            if number.isdecimal():
                self._taken[digest].add(int(number))

    @contextmanager
    def naming(self, session: Session, command: str, arguments: list[bytes]) -> Generator[str]:
        """Name the request that is made within. It is answered then, unless its client has gone or is to try again."""
        if session.request_id is not None:
            yield session.take_request_id()
            return
        digest = _digest(command, arguments)
        taken = self._taken[digest]
        number = next(number for number in range(len(taken) + 1) if number not in taken)
        taken.add(number)
        is_client_there = True

        def let_go(_: Session) -> None:
            # At once, not when the command has been cancelled: its repeat may be on its way in already.
            nonlocal is_client_there
            is_client_there = False
            taken.discard(number)

        session.when_closed.append(let_go)
        is_answered = False
        try:
            yield f"{self._attempt}.{digest}.{number}"
            is_answered = True
        except (CommandError, TisktaskError) as error:
            is_answered = not (isinstance(error, CommandError) and error.failure.code == "TRYAGAIN")
            raise
        finally:
            if is_client_there:
                session.when_closed.remove(let_go)
                if is_answered:
                    self._note(digest, number)
                else:
                    taken.discard(number)

    def _note(self, digest: str, number: int) -> None:
        try:
            with self._path.open("a") as file:
                file.write(f"{digest} {number}\n")
        except OSError as error:
            # Known in memory all the same: only after our death it would be taken for unanswered.
            log.warning("answer_not_noted", error=str(error))


def _digest(command: str, arguments: list[bytes]) -> str:
    said = hashlib.sha256(command.encode())
    for argument in arguments:
        said.update(b"%d:%b" % (len(argument), argument))
    return said.hexdigest()[:_DIGEST_CHARACTERS]
