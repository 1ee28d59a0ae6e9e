"""The directory of one attempt: all that is needed to go on with it, whichever process of this host does.

Nothing is flushed to disk: a file survives the death of any process, and no pod survives a power cut.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import structlog
from pydantic import TypeAdapter, ValidationError

from tisktask_common.events import Value
from tisktask_common.rpc import AttemptRef, JobSpec, StopOrder
from tisktask_runner.engine.model import Pod

log = structlog.get_logger()

_POD = TypeAdapter(Pod)
ValueT = TypeVar("ValueT", bound=Value)


class Phase(StrEnum):
    """How far an attempt has come. Each is written before what it announces is done."""

    #: It is ours. Nothing of it has had an effect that could not be had again.
    CLAIMED = "claimed"
    #: Its pod exists; the orchestrator is told that the program begins.
    BEGAN = "began"
    #: The program is about to be executed, is at work, or has ended.
    STARTED = "started"
    #: Its end is known and in the outbox.
    ENDED = "ended"


class AttemptRecord(Value):
    """What was claimed, and when. Without secrets: who needs one claims again."""

    spec: JobSpec
    claimed_at: datetime
    #: Of the host's start in which it was claimed; empty: not known (kept by an older version).
    boot_id: str = ""

    @property
    def ref(self) -> AttemptRef:
        return AttemptRef(job_id=self.spec.job_id, attempt=self.spec.attempt)


@dataclass(frozen=True)
class AttemptDirectory:
    """The paths of one attempt, and its small files."""

    path: Path

    @property
    def ipc(self) -> Path:
        """Mounted read-only in the pod, at /run/tisktask."""
        return self.path / "ipc"

    @property
    def workspace(self) -> Path:
        return self.path / "workspace"

    @property
    def before_log(self) -> Path:
        """What is said in the log before the program's output: warnings, the building of its image."""
        return self.path / "before.log"

    @property
    def output_log(self) -> Path:
        """The program's output as conmon writes it; of a preparation, its own."""
        return self.path / "output.log"

    @property
    def after_log(self) -> Path:
        """What is said after the program's output: how its end is to be understood."""
        return self.path / "after.log"

    @property
    def log_position(self) -> Path:
        return self.path / "log.position"

    @property
    def containers(self) -> Path:
        """A directory for each container beside the job."""
        return self.path / "containers"

    @property
    def hosts(self) -> Path:
        """Mounted at /etc/hosts in all containers of the pod."""
        return self.path / "hosts"

    @property
    def answered(self) -> Path:
        """Which commands of the socket were answered (`jobsocket/repeats.py`)."""
        return self.path / "answered"

    @property
    def outbox(self) -> Path:
        return self.path / "outbox"

    def write_record(self, record: AttemptRecord) -> None:
        without = {"sealed_token": None, "sealed_environment": None}
        safe = record.model_copy(update={"spec": record.spec.model_copy(update=without)})
        write_whole(self.path / "spec.json", safe.model_dump_json(indent=1))

    def read_record(self) -> AttemptRecord | None:
        return read_value(self.path / "spec.json", AttemptRecord)

    def write_phase(self, phase: Phase) -> None:
        write_whole(self.path / "phase", phase)

    def read_phase(self) -> Phase:
        text = (self.path / "phase").read_text()
        # Unreadable after a power cut: then take it that the program was started, for it must not be twice.
        return Phase(text) if text in set(Phase) else Phase.STARTED

    def write_pod(self, pod: Pod) -> None:
        """Keep which pod is the attempt's: an interrupted creation may have left others."""
        write_whole(self.path / "pod.json", _POD.dump_json(pod))

    def read_pod(self) -> Pod | None:
        path = self.path / "pod.json"
        return _POD.validate_json(path.read_bytes()) if path.exists() else None

    def write_order(self, order: StopOrder) -> None:
        write_whole(self.path / "stop.json", order.model_dump_json())

    def read_order(self) -> StopOrder | None:
        return read_value(self.path / "stop.json", StopOrder)

    def clear_work(self) -> None:
        """Remove what only a running program needs."""
        for folder in (self.workspace, self.ipc):
            shutil.rmtree(folder, ignore_errors=True)

    def remove(self) -> None:
        """Make it disappear at once, then delete it: nobody may find half of it."""
        trash = self.path.with_name(f".old-{uuid4().hex}")
        self.path.rename(trash)
        shutil.rmtree(trash, ignore_errors=True)


@dataclass
class AttemptLock:
    """The right to supervise an attempt. The kernel takes it back when the process dies."""

    _descriptor: int

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def create_attempt(jobs: Path, record: AttemptRecord) -> tuple[AttemptDirectory, AttemptLock] | None:
    """Make and lock the directory; None if there is one: another process of this host has the attempt.

    It is locked before it gets its name, so that nobody else finds it unlocked.
    """
    new = AttemptDirectory(jobs / f".new-{uuid4().hex}")
    try:
        new.path.mkdir(parents=True)
        new.outbox.mkdir()
        new.write_record(record)
        new.write_phase(Phase.CLAIMED)
        lock = _lock(new.path)
    except OSError:
        shutil.rmtree(new.path, ignore_errors=True)
        raise
    assert lock, "nobody else knows this name"  # noqa: S101
    directory = AttemptDirectory(
        jobs / attempt_name(AttemptRef(job_id=record.spec.job_id, attempt=record.spec.attempt))
    )
    try:
        new.path.rename(directory.path)
    except OSError:
        shutil.rmtree(new.path)
        lock.release()
        if not directory.path.exists():
            raise
        return None
    return directory, lock


def unlocked_attempts(jobs: Path) -> Iterator[tuple[AttemptDirectory, AttemptLock]]:
    """Lock and yield every attempt that nobody supervises."""
    if not jobs.is_dir():
        return
    for path in sorted(jobs.iterdir()):
        if not path.name.startswith(".") and path.is_dir() and (lock := _lock(path)):
            yield AttemptDirectory(path), lock


def attempt_name(ref: AttemptRef) -> str:
    return f"{ref.job_id}.{ref.attempt}"


def read_value(path: Path, kind: type[ValueT]) -> ValueT | None:
    """Read a file of ours; None: it is not there, or is damaged as a power cut may leave it."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        log.error("file_damaged", path=str(path), error=str(error))  # noqa: TRY400
        return None


def write_whole(path: Path, text: str | bytes) -> None:
    """Write a file so that nobody reads half of it."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(text if isinstance(text, bytes) else text.encode())
    partial.replace(path)


def _lock(path: Path) -> AttemptLock | None:
    try:
        descriptor = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it may have removed the directory in between: then this lock is of no file.
        if os.path.samestat(os.fstat(descriptor), os.stat(path / "lock")):  # noqa: PTH116
            return AttemptLock(descriptor)
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
