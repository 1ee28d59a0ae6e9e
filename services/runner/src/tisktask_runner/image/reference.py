"""Which images a program or a build file may name. Pure."""

import re

from tisktask_runner.image.build_arguments import without_quotes

#: As registries define it; no id of an image, which would reach images that the program can not name.
_IMAGE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._/-]*(:[0-9]+/[a-z0-9._/-]+)?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
#: An id; or what Podman takes for a place where an image is instead of a name: it could be a file of this host.
_NO_NAME = re.compile(
    r"[0-9a-fA-F]+|(sha256|dir|oci|oci-archive|docker-archive|docker-daemon|containers-storage|sif|tarball|ostree"
    r"|atomic):.*"
)
_CHARACTERS_MAX = 512
#: What this host has built for jobs is nobody else's business. Podman finds it without its first part, too.
_PRIVATE = ("localhost/tisktask/", "tisktask/")
#: The one image of ours that is for everybody.
_DEFAULT = re.compile(r"(localhost/)?tisktask/default(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?")
_REGISTRY = "docker://"


def names_an_image(text: str) -> bool:
    """Whether it is a name of an image, not an id."""
    return len(text) <= _CHARACTERS_MAX and bool(_IMAGE.fullmatch(text)) and not _NO_NAME.fullmatch(text)


def is_private(image: str) -> bool:
    """Whether the image may belong to another repository's jobs."""
    return image.startswith(_PRIVATE)


def is_for_builds(name: str) -> bool:
    """Whether a build file may name it: no id, no place on this host, and nothing that was built for other jobs."""
    plain = without_quotes(name).removeprefix(_REGISTRY)
    if _DEFAULT.fullmatch(plain):
        return True
    return "$" not in plain and not _NO_NAME.fullmatch(plain) and not is_private(plain)
