"""A commit's files as values: what discovery, warnings and image keys are computed from."""

from dataclasses import dataclass

FILE, EXECUTABLE, LINK, SUBMODULE = 0o100644, 0o100755, 0o120000, 0o160000
FOLDER = ".tisktask"
#: Beginnings of the names of build files; Podman's own comes first.
BUILD_FILES = ("Containerfile", "Dockerfile")
#: What a build leaves out of its context; also as an ending of a build file's name.
IGNORE_FILES = (".containerignore", ".dockerignore")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the tree. Bytes of its path that are not UTF-8 are surrogate escapes."""

    path: str
    mode: int
    #: Id of its content: equal contents have equal ids.
    blob: str
    #: First two bytes of a file that is not executable, where discovery may ask for them.
    head: bytes = b""
    #: Where a link points to.
    target: str = ""

    @property
    def is_program(self) -> bool:
        return self.mode == EXECUTABLE


@dataclass(frozen=True)
class Listing:
    """All files of a commit, in the order of their paths' bytes."""

    #: Id of the whole tree.
    tree: str
    entries: tuple[Entry, ...]
    #: Contents of the small files that decide about others: path -> text.
    texts: dict[str, str]
    #: Id of what is called .tisktask; empty: there is nothing.
    programs_tree: str = ""


def path_order(path: str) -> bytes:
    """Order as git does: by bytes."""
    return path.encode("utf-8", "surrogateescape")
