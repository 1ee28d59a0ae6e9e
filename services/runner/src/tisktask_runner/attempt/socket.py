"""Opens the socket of an attempt: puts its commands together, and keeps it for as long as the program is there."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from tisktask_common.errors import InfrastructureError
from tisktask_common.rpc import JobSpec, Policy, Program
from tisktask_runner.attempt.claim import claim
from tisktask_runner.attempt.commit import CommitRead, read_commit
from tisktask_runner.attempt.custody import Custody
from tisktask_runner.attempt.environment import SOCKET_PATH
from tisktask_runner.attempt.images import PLATFORM, image_scope
from tisktask_runner.attempt.lending import Lending
from tisktask_runner.attempt.workshop import Workshop
from tisktask_runner.jobsocket import request_words
from tisktask_runner.jobsocket.command import CommandError, CommandTable
from tisktask_runner.jobsocket.commands.containers import Containers
from tisktask_runner.jobsocket.commands.data import RunData
from tisktask_runner.jobsocket.commands.jobs import Jobs
from tisktask_runner.jobsocket.commands.locks import Locks
from tisktask_runner.jobsocket.commands.messages import Channels
from tisktask_runner.jobsocket.commands.page import Page
from tisktask_runner.jobsocket.commands.run import RunEnd
from tisktask_runner.jobsocket.commit import Commit
from tisktask_runner.jobsocket.programs import CommitFiles, ImageSource
from tisktask_runner.jobsocket.repeats import Repeats
from tisktask_runner.jobsocket.server import JobSocket
from tisktask_runner.jobsocket.voice import Voice
from tisktask_runner.sidecar.sidecars import Sidecars
from tisktask_runner.source.mirror import fetch_commit
from tisktask_runner.source.outcomes import CheckoutFailed, Fetched, NotFetched
from tisktask_runner.source.policies import HeaderMistakes, read_policies
from tisktask_runner.source.tree import Listing

log = structlog.get_logger()


@asynccontextmanager
async def open_socket(shop: Workshop, custody: Custody, lending: Lending, sidecars: Sidecars) -> AsyncGenerator[None]:
    """Serve the attempt's program. Also one that runs already: its clients find the same path again."""
    spec = custody.record.spec
    voice = Voice(shop.bus, shop.runner, spec, shop.news, lending.lent)
    reader = _CommitReader(shop, custody)
    commit = Commit(reader.read, reader.read_policy, PLATFORM, _own_image(spec.program), image_scope(spec))
    data, channels = RunData(voice), Channels(voice)
    table = CommandTable.of(
        Jobs(voice, commit, Repeats(spec.attempt, custody.directory.answered)).commands(),
        Containers(sidecars).commands(),
        data.commands(),
        Locks(voice).commands(),
        channels.commands(),
        Page(voice).commands(),
        RunEnd(voice).commands(),
    )
    socket = JobSocket(table, data.execute, shop.socket_limits, facts=_facts(spec))
    await _listen(socket, custody)
    try:
        with shop.messages.listening(spec.run_id, channels.hear):
            if custody.is_adopted:
                channels.forget_all()
            yield
    finally:
        # First: who waits is told nothing any more, and must not give up its place for it.
        voice.is_closing = True
        await socket.close()
        await voice.fall_silent()


async def _listen(socket: JobSocket, custody: Custody) -> None:
    path = custody.directory.ipc / SOCKET_PATH.rpartition("/")[2]
    try:
        await socket.open(path)
    except OSError as error:
        if not custody.is_adopted:
            raise InfrastructureError(f"the job's socket can not be made: {error}") from error
        # A program that runs already is not ended for it.
        log.exception("socket_not_opened", path=str(path))


@dataclass(frozen=True)
class _CommitReader:
    """Reads the files of the attempt's commit for its commands."""

    shop: Workshop
    custody: Custody

    async def read(self, build_file: str | None) -> CommitFiles:
        spec = self.custody.record.spec
        key = (spec.repository.id, spec.change.sha, build_file)
        return CommitFiles(spec.change.sha, await self.shop.listings.get(key, lambda: self._list(build_file)))

    async def _list(self, build_file: str | None) -> Listing:
        spec = self.custody.record.spec
        found = await read_commit(self.shop, spec, build_file)
        if isinstance(found, NotFetched) and self.custody.is_adopted:
            # It is almost always here still. If not, the forge may want the token, which died with its process.
            grant = await claim(self.shop, self.custody.record.ref)
            found = await read_commit(self.shop, grant.spec, build_file) if grant.spec else found
        if not isinstance(found, CommitRead):
            raise CommandError("TRYAGAIN", request_words.commit_unreadable(found.reason))
        return found.listing

    async def read_policy(self, files: CommitFiles, path: str) -> Policy:
        fetched = await fetch_commit(self.shop.mirrors, self.shop.wanted_commit(self.custody.record.spec))
        if not isinstance(fetched, Fetched):
            raise CommandError("TRYAGAIN", request_words.commit_unreadable(fetched.reason))
        policies = await read_policies(fetched.mirror, files.listing, [path])
        if isinstance(policies, CheckoutFailed):
            raise CommandError("TRYAGAIN", request_words.commit_unreadable(policies.reason))
        if isinstance(policies, HeaderMistakes):
            raise CommandError("ERR", policies.reason)
        return policies.get(path, Policy())


def _own_image(program: Program | None) -> ImageSource:
    if program is None:
        return ImageSource()
    return ImageSource(program.image, program.build_file, program.image_key)


def _facts(spec: JobSpec) -> dict[str, str]:
    return {
        "run_id": spec.run_id,
        "job_id": spec.job_id,
        "job_name": spec.name,
        "attempt": str(spec.attempt),
        "repository": spec.repository.full_name,
        "sha": spec.change.sha,
    }
