"""What build files may not do: builds are parted from this host and from what was built for others. Pure.

An image from elsewhere whose ONBUILD instructions do it is not seen here.
"""

from tisktask_runner.image import words
from tisktask_runner.image.build_arguments import without_unknown
from tisktask_runner.image.instructions import BuildFile, Named
from tisktask_runner.image.reference import is_for_builds

#: Of RUN, besides mounts. `default`: the network that all builds have.
_OPTIONS = frozenset({"--network=none", "--network=default"})


def find_forbidden(path: str, build_file: BuildFile) -> str:
    """Say what is not allowed, and where; nothing: all is."""
    for image in build_file.images:
        if not is_for_builds(_as_podman_reads(image)):
            return words.image_forbidden(path, image)
    for option in build_file.options:
        if option.name not in _OPTIONS:
            return words.option_forbidden(path, option)
    return ""


def _as_podman_reads(image: Named) -> str:
    """Put in what arguments are that nobody has set. ENV, which other instructions heed, has no say in a FROM."""
    return without_unknown(image.name) if image.instruction == "FROM" else image.name
