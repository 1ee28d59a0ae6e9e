"""Commands that say something on the run's page, and beside the job's commit status."""

from tisktask_common.job_requests import Annotate, DescribeJob, Level
from tisktask_common.resp import OK, Reply
from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.arguments import Takes, prose, refuse, take_options, value_of, whole_number
from tisktask_runner.jobsocket.command import Command, Session
from tisktask_runner.jobsocket.voice import Voice

_LEVELS = [level.value for level in Level]
_ANNOTATE = {"LEVEL": Takes.VALUE, "FILE": Takes.VALUE, "LINE": Takes.VALUE}
_LINE_MAX = 2**31 - 1


class Page:
    """What one job says about itself and its run."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def commands(self) -> list[Command]:
        return [
            Command(
                "ANNOTATE",
                self._annotate,
                -2,
                "page",
                f"[LEVEL {'|'.join(_LEVELS)}] [FILE path [LINE number]] markdown",
                "Add a remark to the run's page.",
                "ANNOTATE LEVEL warning FILE src/main.c LINE 12 'this line is **never** reached'",
            ),
            Command(
                "STATUS",
                self._status,
                2,
                "page",
                "text",
                "Say what the job does now: beside its state, and beside its pending commit status.",
                "STATUS 'measuring coverage'",
            ),
            Command(
                "SETNAME",
                self._set_name,
                2,
                "page",
                "text",
                "Show this instead of the job's name on the page; the status keeps its name.",
                "SETNAME 'Coverage of main'",
            ),
            Command(
                "SUMMARY",
                self._summary,
                2,
                "page",
                "markdown",
                "Show a summary of the job on the run's page, instead of the one before.",
                "SUMMARY '**97 %** covered'",
            ),
        ]

    async def _annotate(self, session: Session, arguments: list[bytes]) -> Reply:
        request_id = session.take_request_id()
        given, rest = take_options(_ANNOTATE, arguments)
        if len(rest) != 1:
            refuse(words.one_text("ANNOTATE"))
        file, line = value_of(given, "FILE"), value_of(given, "LINE")
        if line is not None and file is None:
            refuse(words.line_without_file())
        await self._voice.ask(
            Annotate(
                **self._voice.signature,
                request_id=request_id,
                level=_level(value_of(given, "LEVEL")),
                file=file,
                line=None if line is None else whole_number(line, "LINE", 1, _LINE_MAX),
                text=prose(rest[0]),
            )
        )
        return OK

    async def _status(self, _: Session, arguments: list[bytes]) -> Reply:
        return await self._describe(DescribeJob(**self._voice.signature, status_text=_one_line(arguments[0])))

    async def _set_name(self, _: Session, arguments: list[bytes]) -> Reply:
        return await self._describe(DescribeJob(**self._voice.signature, title=_one_line(arguments[0])))

    async def _summary(self, _: Session, arguments: list[bytes]) -> Reply:
        return await self._describe(DescribeJob(**self._voice.signature, summary=prose(arguments[0])))

    async def _describe(self, request: DescribeJob) -> Reply:
        await self._voice.ask(request)
        return OK


def _level(value: str | None) -> Level:
    if value is None:
        return Level.NOTICE
    if value.lower() not in _LEVELS:
        refuse(words.not_one_of("LEVEL", value, _LEVELS))
    return Level(value.lower())


def _one_line(argument: bytes) -> str:
    return " ".join(prose(argument).split())
