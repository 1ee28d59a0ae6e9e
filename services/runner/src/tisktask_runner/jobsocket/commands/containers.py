"""Commands for the containers beside the job."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from tisktask_common.resp import OK, Reply
from tisktask_runner.jobsocket.arguments import Takes, only_options, seconds_of, text, value_of, whole_number
from tisktask_runner.jobsocket.command import Command, CommandError, Session
from tisktask_runner.jobsocket.container_order import read_container_order
from tisktask_runner.sidecar.errors import SidecarError
from tisktask_runner.sidecar.sidecars import Sidecars

ResultT = TypeVar("ResultT")

_OPTIONS = (
    "[NAME name] [ALIAS host ...] [WAITPORT port] [WAITLOG regex] [TIMEOUT seconds] [MEMORY 512m] [USER user] "
    "image [KEY=value ...] [CMD word ...]"
)
_TAIL_DEFAULT, _TAIL_MAX = 100, 10_000
#: As long as other container engines give.
_GRACE_SECONDS = 10.0
_GRACE_SECONDS_MAX = 300.0


class Containers:
    """The containers beside a job, as its program sees them."""

    def __init__(self, sidecars: Sidecars) -> None:
        self._sidecars = sidecars

    def commands(self) -> list[Command]:
        return [
            Command(
                "SPAWNCONTAINER",
                self._spawn,
                -2,
                "containers",
                _OPTIONS,
                "Start a container beside the job, in its network; replies with its name, when it is ready if asked.",
                "SPAWNCONTAINER postgres:16 POSTGRES_PASSWORD=x NAME db WAITPORT 5432",
            ),
            Command(
                "STOPCONTAINER",
                self._stop,
                -2,
                "containers",
                "name [TIMEOUT seconds]",
                f"End a container; by force, if it has not ended by itself in {_GRACE_SECONDS:g} seconds.",
                "STOPCONTAINER db",
            ),
            Command(
                "CONTAINERLOG",
                self._log,
                -2,
                "containers",
                "name [TAIL lines]",
                f"Read the last lines of a container's log ({_TAIL_DEFAULT}, if not said otherwise).",
                "CONTAINERLOG db TAIL 20",
            ),
            Command(
                "CONTAINERLIST",
                self._list,
                1,
                "containers",
                "",
                "List name, image, state and exit code of the containers beside the job.",
            ),
        ]

    async def _spawn(self, session: Session, arguments: list[bytes]) -> Reply:
        request_id = session.take_request_id()
        return (await _coded(self._sidecars.spawn(read_container_order(arguments, request_id)))).encode()

    async def _stop(self, _: Session, arguments: list[bytes]) -> Reply:
        given = only_options({"TIMEOUT": Takes.VALUE}, arguments[1:])
        seconds = seconds_of(given, "TIMEOUT")
        grace_seconds = _GRACE_SECONDS if seconds is None else min(seconds, _GRACE_SECONDS_MAX)
        await _coded(self._sidecars.stop(_name(arguments[0]), grace_seconds))
        return OK

    async def _log(self, _: Session, arguments: list[bytes]) -> Reply:
        tail = value_of(only_options({"TAIL": Takes.VALUE}, arguments[1:]), "TAIL")
        lines = _TAIL_DEFAULT if tail is None else whole_number(tail, "TAIL", 1, _TAIL_MAX)
        return (await _coded(self._sidecars.read_log(_name(arguments[0]), lines))).encode()

    async def _list(self, _: Session, __: list[bytes]) -> Reply:
        return [
            [one.name.encode(), one.image.encode(), one.state.encode(), one.exit_code]
            for one in self._sidecars.summaries()
        ]


def _name(argument: bytes) -> str:
    return text(argument, "a container's name")


async def _coded(work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Answer with codes of containers' own where a program may want to tell one failure from another."""
    try:
        return await work
    except SidecarError as error:
        raise CommandError(error.code.upper(), error.message) from error
