"""MULTI and what belongs to it. What is queued, and EXEC itself, is the connection's affair (`execution.py`)."""

from collections.abc import Callable

from tisktask_common.resp import OK, Reply
from tisktask_runner.jobsocket import words
from tisktask_runner.jobsocket.command import Command, Session, Transaction


def transaction_commands() -> list[Command]:
    """List them."""

    def command(name: str, handler: "Callable[[Session], Reply]", summary: str, syntax: str = "") -> Command:
        async def handle(session: Session, _arguments: list[bytes]) -> Reply:
            return handler(session)

        return Command(
            name=name,
            handler=handle,
            arity=-2 if syntax else 1,
            group="data",
            syntax=syntax,
            summary=summary,
            is_immediate=name != "EXEC",
        )

    return [
        command("MULTI", _multi, "Begin a transaction: the data commands that follow are done together, at EXEC."),
        command("EXEC", _exec, "Do what was queued since MULTI; reply all their replies."),
        command("DISCARD", _discard, "Forget what was queued since MULTI."),
        command("WATCH", _watch, "Not supported: use one command that does it, or LOCK.", "key [key ...]"),
        command("UNWATCH", _unwatch, "Do nothing: nothing is watched."),
    ]


def _multi(session: Session) -> Reply:
    if session.transaction:
        return words.nested_multi()
    session.transaction = Transaction()
    return OK


def _exec(_session: Session) -> Reply:
    return words.without_multi("EXEC")


def _discard(session: Session) -> Reply:
    if not session.transaction:
        return words.without_multi("DISCARD")
    session.transaction = None
    return OK


def _watch(_session: Session) -> Reply:
    return words.no_watch()


def _unwatch(_session: Session) -> Reply:
    return OK
