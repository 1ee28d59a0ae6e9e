"""Opens a mirror by the way that its object format needs."""

from collections.abc import Generator
from contextlib import contextmanager

from tisktask_runner.source.git_command.mirror import GitMirror
from tisktask_runner.source.git_command.objects import open_objects
from tisktask_runner.source.libgit2 import Libgit2Blobs, Libgit2Mirror
from tisktask_runner.source.mirror_place import MirrorPlace, open_mirror
from tisktask_runner.source.reading import Blobs, OpenMirror


@contextmanager
def open_for_fetching(place: MirrorPlace) -> Generator[OpenMirror]:
    if place.is_sha256:
        with open_objects(place.mirror) as objects:
            yield GitMirror(place.mirror, objects)
    else:
        with open_mirror(place.mirror) as repository:
            yield Libgit2Mirror(repository)


@contextmanager
def open_blobs(place: MirrorPlace) -> Generator[Blobs]:
    if place.is_sha256:
        with open_objects(place.mirror) as objects:
            yield objects
    else:
        with open_mirror(place.mirror) as repository:
            yield Libgit2Blobs(repository)
