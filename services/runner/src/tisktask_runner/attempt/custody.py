"""An attempt that this process supervises, before anything is done with it."""

from dataclasses import dataclass

from tisktask_runner.attempt.directory import AttemptDirectory, AttemptLock, AttemptRecord


@dataclass
class Custody:
    """Its files, the lock on them, and what was claimed."""

    directory: AttemptDirectory
    lock: AttemptLock
    record: AttemptRecord
    #: It was found, not claimed: its secrets are not here.
    is_adopted: bool = False
