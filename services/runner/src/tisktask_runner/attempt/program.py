"""Runs one program in its pod: everything before its first instruction, and its end."""

import asyncio
import posixpath
from dataclasses import dataclass
from uuid import uuid4

import structlog

from tisktask_common.rpc import JobSpec, Program
from tisktask_runner import words
from tisktask_runner.attempt.client import place_client
from tisktask_runner.attempt.commit import CommitRead, read_commit
from tisktask_runner.attempt.directory import AttemptDirectory, write_whole
from tisktask_runner.attempt.environment import (
    EVENT_PATH,
    IPC_TARGET,
    WORKSPACE_TARGET,
    job_environment,
    with_client_on_path,
)
from tisktask_runner.attempt.images import PLATFORM, Images, image_scope
from tisktask_runner.attempt.outcome import Outcome, errored, failed
from tisktask_runner.attempt.payload import fetch_payload
from tisktask_runner.attempt.refusals import outcome_of_source
from tisktask_runner.attempt.stopwatch import Stopwatch
from tisktask_runner.attempt.workshop import Workshop, pod_labels
from tisktask_runner.engine.libpod import EngineAwayError, EngineError
from tisktask_runner.engine.model import ImageConfig, Mount, Pod, PodSpec
from tisktask_runner.engine.patience import AWAY_SECONDS_MAX
from tisktask_runner.image.key import ImagePlan, plan_build
from tisktask_runner.image.outcomes import Ready
from tisktask_runner.sidecar.hosts import HOSTS_TARGET, write_hosts
from tisktask_runner.source.checkout import check_out_wanted
from tisktask_runner.source.outcomes import CheckedOut, CheckoutFailed, NotFetched
from tisktask_runner.source.tree import FOLDER

log = structlog.get_logger()

#: Creations that Podman may refuse: some refusals are of the moment only.
_PODMAN_FAILURES_MAX = 3
_PODMAN_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class _Making:
    """What the steps of making ready need to know."""

    shop: Workshop
    directory: AttemptDirectory
    spec: JobSpec
    program: Program
    stopwatch: Stopwatch


async def make_ready(shop: Workshop, directory: AttemptDirectory, spec: JobSpec, stopwatch: Stopwatch) -> Pod | Outcome:
    """Make all that the program needs, at the same time where it can be: its files, its event, its pod."""
    if spec.program is None:
        return errored(words.no_program())
    making = _Making(shop, directory, spec, spec.program, stopwatch)
    await asyncio.to_thread(directory.clear_work)
    directory.workspace.mkdir()
    # Images may name a user other than root: it can make files here. On the host only we reach this folder.
    directory.workspace.chmod(0o777)
    directory.ipc.mkdir()
    write_hosts(directory.hosts)
    await asyncio.to_thread(place_client, shop.command_client, directory.ipc)
    try:
        async with asyncio.TaskGroup() as tasks:
            checkout = tasks.create_task(stopwatch.time("checkout", _check_out(making)))
            tasks.create_task(stopwatch.time("payload", _write_event(making)))
            creation = tasks.create_task(_create_pod(making, checkout))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    files = checkout.result()
    return outcome_of_source(files) if not isinstance(files, CheckedOut) else creation.result()


async def _check_out(making: _Making) -> CheckedOut | CheckoutFailed | NotFetched:
    wanted = making.shop.wanted_commit(making.spec)
    return await check_out_wanted(making.shop.mirrors, wanted, making.directory.workspace)


async def _write_event(making: _Making) -> None:
    payload = await fetch_payload(making.shop.bus, making.spec)
    path = making.directory.ipc / EVENT_PATH.rpartition("/")[2]
    await asyncio.to_thread(write_whole, path, payload)
    path.chmod(0o644)


async def _create_pod(
    making: _Making, checkout: "asyncio.Task[CheckedOut | CheckoutFailed | NotFetched]"
) -> Pod | Outcome:
    image = await making.stopwatch.time("image", _have_image(making, checkout))
    if isinstance(image, Outcome):
        return image
    spec, directory = making.spec, making.directory
    config = await making.shop.engine.image_config(image)
    workdir = await _find_workdir(making, image, config)
    pod_spec = PodSpec(
        # A name of its own for each try: what an interrupted one has left is in nobody's way.
        name=f"{spec.job_id}-{spec.attempt}-{uuid4().hex[:6]}",
        labels=pod_labels(spec),
        image=image,
        command=_command(making.program, workdir),
        environment=with_client_on_path(
            job_environment(spec, workdir) | making.shop.secret_environment(spec), config.environment if config else {}
        ),
        limits=spec.limits,
        log_path=directory.output_log,
        workdir=workdir,
        mounts=[
            Mount(directory.workspace, WORKSPACE_TARGET, is_users=config is not None and not _is_root(config.user)),
            Mount(directory.ipc, IPC_TARGET, read_only=True),
            Mount(directory.hosts, HOSTS_TARGET),
        ],
    )
    return await making.stopwatch.time("create", _create_patiently(making.shop, pod_spec))


async def _have_image(
    making: _Making, checkout: "asyncio.Task[CheckedOut | CheckoutFailed | NotFetched]"
) -> str | Outcome:
    """Find the image. Only a host that has not prepared the run has to make it."""
    images, program = making.shop.images, making.program
    if found := await images.find(program):
        return found
    if program.image:
        return await _pull(images, program.image)
    if program.build_file is None:
        return await images.ensure_default()
    files = await asyncio.shield(checkout)
    if not isinstance(files, CheckedOut):
        return outcome_of_source(files)
    plan = await _plan_again(making, program.build_file)
    if isinstance(plan, Outcome):
        return plan
    made = await images.make(plan, making.directory.workspace, making.directory.before_log)
    return made.image if isinstance(made, Ready) else made


async def _pull(images: Images, name: str) -> str | Outcome:
    missing = await images.fetch(name)
    if missing is None:
        return name
    return failed(missing.reason) if missing.is_users_fault else errored(missing.reason)


async def _plan_again(making: _Making, build_file: str) -> ImagePlan | Outcome:
    read = await read_commit(making.shop, making.spec, build_file)
    if not isinstance(read, CommitRead):
        return outcome_of_source(read)
    return plan_build(read.listing, build_file, PLATFORM, image_scope(making.spec))


def _command(program: Program, workdir: str) -> list[str]:
    if program.shell is not None:
        return ["/bin/sh", "-c", program.shell]
    return [posixpath.join(workdir, program.path), *program.arguments]


def _is_root(user: str) -> bool:
    return user.partition(":")[0] in {"", "0", "root"}


async def _find_workdir(making: _Making, image: str, config: ImageConfig | None) -> str:
    """Name the image's own directory if its build has copied the program there, else the checkout's.

    For a command line: if it has copied the jobs there.
    """
    if making.program.build_file is None:
        return WORKSPACE_TARGET
    engine, path = making.shop.engine, making.program.path or FOLDER
    if config and await engine.path_exists_in_image(image, posixpath.join(config.workdir, path)):
        return config.workdir
    return WORKSPACE_TARGET


async def _create_patiently(shop: Workshop, pod_spec: PodSpec) -> Pod:
    """Create the pod. Nothing has run yet, so it may be tried again: often for a Podman that is started anew."""
    now = asyncio.get_running_loop().time
    give_up_at, tries_left = now() + AWAY_SECONDS_MAX, _PODMAN_FAILURES_MAX
    while True:
        try:
            return await shop.engine.create(pod_spec)
        except EngineError as error:
            tries_left -= not isinstance(error, EngineAwayError)
            if not tries_left or now() > give_up_at:
                raise
            log.warning("pod_not_created", error=error.message)
            await asyncio.sleep(_PODMAN_RETRY_SECONDS)
