"""Commands that wait for jobs of the run."""

from collections.abc import Sequence

from tisktask_common.ids import JobId
from tisktask_common.job_requests import JobInfo
from tisktask_common.lifecycle import JOB_ENDS, JobState
from tisktask_common.resp import NULL_ARRAY, Reply
from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.arguments import refuse, seconds, text
from tisktask_runner.jobsocket.command import Command, CommandError, Session
from tisktask_runner.jobsocket.voice import Voice
from tisktask_runner.jobsocket.waiting import Subject, wait_for

_IDS_MAX = 2000
#: States in which an exit code is the program's own answer.
_ANSWERED = {JobState.SUCCEEDED, JobState.FAILED}


class JobWaits:
    """Waits for other jobs in the name of one."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def commands(self) -> list[Command]:
        return [
            Command(
                "WAITJOB",
                self._wait_for_all,
                -2,
                "jobs",
                "id [id ...] [TIMEOUT seconds]",
                "Wait until all of these jobs have ended; replies with id, state and exit code of each.",
                "WAITJOB job_01h... job_01j... TIMEOUT 600",
                is_blocking=True,
            ),
            Command(
                "WAITANY",
                self._wait_for_any,
                -2,
                "jobs",
                "id [id ...] [TIMEOUT seconds]",
                "Wait until one of these jobs has ended; replies with its id, state and exit code.",
                "WAITANY job_01h... job_01j...",
                is_blocking=True,
            ),
        ]

    async def exit_code(self, child: JobId) -> int:
        """Wait for a job's end; raises CommandError if it ended without an answer of its own."""
        ended = await self._until([child], 1, None)
        (job,) = ended or []
        if job.exit_code is not None and job.state in _ANSWERED:
            return job.exit_code
        code = job.state.upper().replace("_", "")
        raise CommandError(code, words.child_without_exit_code(job.name, job.state, job.reason))

    async def _wait_for_all(self, _: Session, arguments: list[bytes]) -> Reply:
        ids, seconds_max = read_wait(arguments)
        ended = await self._until(ids, len(set(ids)), seconds_max)
        if ended is None:
            return NULL_ARRAY
        by_id = {job.job_id: job for job in ended}
        return [short(by_id[wanted]) for wanted in ids]

    async def _wait_for_any(self, _: Session, arguments: list[bytes]) -> Reply:
        ids, seconds_max = read_wait(arguments)
        ended = await self._until(ids, 1, seconds_max)
        return short(min(ended, key=_end_time)) if ended else NULL_ARRAY

    async def _until(self, ids: Sequence[JobId], count: int, seconds_max: float | None) -> list[JobInfo] | None:
        """Wait until so many of these jobs have ended, and return all that have."""
        unknown = list(dict.fromkeys(ids))
        ended: list[JobInfo] = []

        async def ask() -> list[JobInfo] | None:
            jobs = await self._voice.read_jobs(unknown)
            ended.extend(job for job in jobs if job.state in JOB_ENDS)
            unknown[:] = [job.job_id for job in jobs if job.state not in JOB_ENDS]
            return ended if len(ended) >= count else None

        return await wait_for(self._voice, Subject(self._voice.spec.run_id, ["jobs"]), ask, seconds_max)


def read_wait(arguments: Sequence[bytes]) -> tuple[list[JobId], float | None]:
    """Read ids, and behind them the longest time to wait; None: as long as it takes."""
    rest = list(arguments)
    seconds_max = None
    if len(rest) > 2 and rest[-2].upper() == b"TIMEOUT":
        seconds_max = seconds(text(rest[-1], "TIMEOUT"), "TIMEOUT") or None
        rest = rest[:-2]
    elif rest[-1].upper() == b"TIMEOUT":
        refuse(words.option_without_value("TIMEOUT"))
    if len(rest) > _IDS_MAX:
        refuse(words.too_many_ids(_IDS_MAX))
    return [JobId(text(argument, "a job's id")) for argument in rest], seconds_max


def short(job: JobInfo) -> list[Reply]:
    return [job.job_id.encode(), job.state.encode(), job.exit_code]


def _end_time(job: JobInfo) -> float:
    return job.finished_at.timestamp() if job.finished_at else 0.0
