"""Commands that start jobs of the run, look at them, and end them."""

import asyncio
import json
from collections.abc import Sequence

from pydantic import SecretStr

from tisktask_common.ids import JobId
from tisktask_common.job_requests import JobInfo, ReadJobLog, ReadJobs, Spawned, SpawnJob, StopOwnJob
from tisktask_common.resp import OK, Pairs, Reply, Simple
from tisktask_common.rpc import AskPublicKey
from tisktask_common.sealing import seal
from tisktask_runner.jobsocket.arguments import Takes, only_options, text, value_of, whole_number
from tisktask_runner.jobsocket.command import Command, Session
from tisktask_runner.jobsocket.commands.job_waits import JobWaits, short
from tisktask_runner.jobsocket.commit import Commit
from tisktask_runner.jobsocket.repeats import Repeats
from tisktask_runner.jobsocket.spawn_order import SpawnOrder, read_spawn_order
from tisktask_runner.jobsocket.voice import Voice

_OPTIONS = (
    "[NAME name] [ENV K=V ...] [IMAGE ref|BUILDFILE path] [LABEL label ...] [TIMEOUT seconds] "
    "[RETRIES count] [ON lost,code,...] [KEY key] [STATUS on|off] [ALLOWFAIL] [DETACH] program [arg ...] | SHELL line"
)
_TAIL_DEFAULT, _TAIL_MAX = 100, 10_000


class Jobs:
    """The jobs of the run, as one of them sees them."""

    def __init__(self, voice: Voice, commit: Commit, repeats: Repeats) -> None:
        self._voice = voice
        self._commit = commit
        self._repeats = repeats
        self._waits = JobWaits(voice)

    def commands(self) -> list[Command]:
        return [*self._starting(), *self._waits.commands(), *self._others()]

    def _starting(self) -> list[Command]:
        return [
            Command(
                "SPAWNJOB",
                self._spawn,
                -2,
                "jobs",
                _OPTIONS,
                "Start a job of this run, on any runner; replies with its id at once.",
                "SPAWNJOB NAME lint ENV LEVEL=strict push/lint --all",
            ),
            Command(
                "EXECJOB",
                self._execute,
                -2,
                "jobs",
                _OPTIONS,
                "Start a job of this run and wait for its end; replies with its exit code.",
                "EXECJOB ALLOWFAIL SHELL make test",
                is_blocking=True,
            ),
        ]

    def _others(self) -> list[Command]:
        return [
            Command(
                "JOBINFO",
                self._info,
                2,
                "jobs",
                "id",
                "Tell all about a job of this run, with its attempts.",
                "JOBINFO job_01h...",
            ),
            Command(
                "JOBLIST", self._list, 1, "jobs", "", "List id, name, state, exit code and parent of this run's jobs."
            ),
            Command(
                "CANCELJOB",
                self._cancel,
                2,
                "jobs",
                "id",
                "Cancel a job of this run, and those that it has started; their ends do not count for the run then.",
                "CANCELJOB job_01h...",
            ),
            Command(
                "JOBLOG",
                self._log,
                -2,
                "jobs",
                "id [TAIL lines]",
                f"Read the last lines of a job's log ({_TAIL_DEFAULT}, if not said otherwise).",
                "JOBLOG job_01h... TAIL 20",
            ),
        ]

    async def _spawn(self, session: Session, arguments: list[bytes]) -> Reply:
        order = read_spawn_order("SPAWNJOB", arguments)
        with self._repeats.naming(session, "SPAWNJOB", arguments) as request_id:
            return (await self._start(request_id, order)).job_id.encode()

    async def _execute(self, session: Session, arguments: list[bytes]) -> Reply:
        order = read_spawn_order("EXECJOB", arguments)
        with self._repeats.naming(session, "EXECJOB", arguments) as request_id:
            spawned = await self._start(request_id, order)
            return await self._waits.exit_code(spawned.job_id)

    async def _start(self, request_id: str, order: SpawnOrder) -> Spawned:
        program, sealed = await asyncio.gather(self._commit.resolve(order), self._seal(order.environment))
        return await self._voice.ask(
            SpawnJob(
                **self._voice.signature,
                request_id=request_id,
                key=order.key,
                program=program,
                sealed_environment=sealed,
                labels=program.policy.labels,
                seconds_max=program.policy.seconds_max,
                has_status=order.has_status,
                may_fail=order.may_fail,
                is_detached=order.is_detached,
            )
        )

    async def _seal(self, environment: dict[str, str]) -> str | None:
        """Seal for the orchestrator: the values may be secrets, and on the bus others may listen."""
        if not environment:
            return None
        key = await self._voice.ask_key(AskPublicKey())
        return seal(SecretStr(json.dumps(environment)), key)

    async def _info(self, _: Session, arguments: list[bytes]) -> Reply:
        (job,) = await self._voice.read_jobs([job_id(arguments[0])], with_attempts=True)
        return Pairs([(name.encode(), value) for name, value in _told(job)])

    async def _list(self, _: Session, __: list[bytes]) -> Reply:
        jobs: list[JobInfo] = []
        after: JobId | None = None
        while True:
            page = await self._voice.ask(ReadJobs(**self._voice.signature, after=after))
            jobs += page.items
            after = page.next_after
            if after is None:
                return [
                    [job.job_id.encode(), job.name.encode(), *short(job)[1:], _or_null(job.parent_job_id)]
                    for job in jobs
                ]

    async def _cancel(self, _: Session, arguments: list[bytes]) -> Reply:
        answer = await self._voice.ask(StopOwnJob(**self._voice.signature, target=job_id(arguments[0])))
        # It has ended already: that is what was wanted, more or less.
        return OK if answer.accepted or not answer.reason else Simple(answer.reason)

    async def _log(self, _: Session, arguments: list[bytes]) -> Reply:
        given = only_options({"TAIL": Takes.VALUE}, arguments[1:])
        tail = value_of(given, "TAIL")
        lines = whole_number(tail, "TAIL", 1, _TAIL_MAX) if tail is not None else _TAIL_DEFAULT
        target = job_id(arguments[0])
        found = await self._voice.ask(ReadJobLog(**self._voice.signature, target=target, tail=lines))
        return found.text.encode()


def job_id(argument: bytes) -> JobId:
    return JobId(text(argument, "a job's id"))


def _told(job: JobInfo) -> Sequence[tuple[str, Reply]]:
    times = (("created_at", job.created_at), ("started_at", job.started_at), ("finished_at", job.finished_at))
    return [
        ("id", job.job_id.encode()),
        ("name", job.name.encode()),
        ("path", job.path.encode()),
        ("state", job.state.encode()),
        ("exit_code", job.exit_code),
        ("reason", job.reason.encode()),
        ("attempt", job.attempt),
        ("attempts", [[one.attempt, one.state.encode(), one.exit_code] for one in job.attempts]),
        ("runner", _or_null(job.runner)),
        ("parent", _or_null(job.parent_job_id)),
        *((name, at.isoformat().encode() if at else None) for name, at in times),
    ]


def _or_null(value: str | None) -> bytes | None:
    return None if value is None else value.encode()
