"""Which images a program may name. Pure."""

import re

#: As registries define it; no id of an image, which would reach images that the program can not name.
_IMAGE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._/-]*(:[0-9]+/[a-z0-9._/-]+)?(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
#: An id; or what Podman takes for a place where an image is instead of a name: it could be a file of this host.
_NO_NAME = re.compile(
    r"[0-9a-fA-F]+|(sha256|dir|oci|oci-archive|docker|docker-archive|docker-daemon|containers-storage|sif|tarball|ostree"
    r"|atomic):.*"
)
_CHARACTERS_MAX = 512
#: What this host has built for jobs is nobody else's business. Podman finds it without its first part, too.
_PRIVATE = ("localhost/tisktask/", "tisktask/")


def names_an_image(text: str) -> bool:
    """Whether it is a name of an image, not an id."""
    return len(text) <= _CHARACTERS_MAX and bool(_IMAGE.fullmatch(text)) and not _NO_NAME.fullmatch(text)


def is_private(image: str) -> bool:
    """Whether the image may belong to another repository's jobs."""
    return image.startswith(_PRIVATE)
