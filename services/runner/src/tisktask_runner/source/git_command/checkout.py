"""Measures a commit's files and writes them to a directory. Git refuses paths that lead out of it or into `.git`."""

import shutil
import threading
from collections import Counter
from pathlib import Path
from uuid import uuid4

from tisktask_runner.source.git_command.objects import Objects
from tisktask_runner.source.git_command.process import GitOrder, run_git
from tisktask_runner.source.git_command.trees import walk


class CheckoutStoppedError(Exception):
    """Nobody wants it any more."""


def measure_files(objects: Objects, tree: str, bytes_max: int, block_bytes: int) -> tuple[int, int]:
    """Count files and bytes; stops where it is clear that there are too many."""
    blobs: Counter[str] = Counter()
    size = 0
    for item in walk(objects, tree):
        # Each file and folder takes a block on disk, whatever is in it.
        size += block_bytes
        if size > bytes_max:
            return blobs.total(), size
        if not (item.is_folder or item.is_submodule):
            blobs[item.id] += 1
    sizes = objects.sizes(blobs)
    return blobs.total(), size + sum(sizes[blob] * count for blob, count in blobs.items())


def write_files(mirror: Path, tree: str, directory: Path, abandoned: threading.Event) -> None:
    """Write all files; submodules become empty folders. The mirror is shared: its own index stays as it is."""
    # Named like a mirror that is being made: what a killed process leaves is found and removed as such.
    scratch = mirror.with_suffix(f".new-{uuid4().hex}")
    scratch.mkdir()
    more = {"GIT_INDEX_FILE": str(scratch / "index"), "GIT_WORK_TREE": str(directory)}

    def watch(said: bytes) -> None:
        _ = said
        if abandoned.is_set():
            raise CheckoutStoppedError

    try:
        for arguments in (("read-tree", tree), ("checkout-index", "--all", "--quiet")):
            run_git(GitOrder(arguments, mirror, directory, more), watch)
    finally:
        shutil.rmtree(scratch)
