"""Commands that end the whole run."""

from tisktask_common.job_requests import EndRun
from tisktask_common.lifecycle import JobState
from tisktask_common.resp import OK, Reply
from tisktask_runner.jobsocket.arguments import prose
from tisktask_runner.jobsocket.command import Command, Session
from tisktask_runner.jobsocket.voice import Voice


class RunEnd:
    """Ends the run in the name of one of its jobs. That job is stopped, too: the reply may not come any more."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def commands(self) -> list[Command]:
        return [
            Command(
                "CANCELRUN",
                self._cancel,
                2,
                "run",
                "reason",
                "End the run as cancelled, and all its jobs, this one too.",
                "CANCELRUN 'nothing to release'",
            ),
            Command(
                "FAILRUN",
                self._fail,
                2,
                "run",
                "reason",
                "End the run as failed, and all its jobs, this one too.",
                "FAILRUN 'the licence check found something'",
            ),
        ]

    async def _cancel(self, _: Session, arguments: list[bytes]) -> Reply:
        return await self._end(JobState.CANCELLED, arguments[0])

    async def _fail(self, _: Session, arguments: list[bytes]) -> Reply:
        return await self._end(JobState.FAILED, arguments[0])

    async def _end(self, state: JobState, reason: bytes) -> Reply:
        said = " ".join(prose(reason).split())
        await self._voice.ask(EndRun(**self._voice.signature, state=state, reason=said))
        return OK
