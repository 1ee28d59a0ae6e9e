"""Goes through the files of a commit."""

from collections.abc import Iterator
from dataclasses import dataclass

from tisktask_runner.source.git_command.objects import Objects

_FOLDER, _SUBMODULE = 0o040000, 0o160000


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file, link, submodule or folder, and how many folders it is in."""

    path: bytes
    mode: int
    id: str
    depth: int

    @property
    def is_folder(self) -> bool:
        return self.mode == _FOLDER

    @property
    def is_submodule(self) -> bool:
        return self.mode == _SUBMODULE


def walk(objects: Objects, tree: str) -> Iterator[TreeFile]:
    """Give all of them. A small repository can hold a tree of billions of files: whoever asks must stop."""
    folders = [(b"", tree, 0)]
    while folders:
        prefix, folder, depth = folders.pop()
        for item in objects.tree(folder):
            found = TreeFile(prefix + item.name, item.mode, item.id, depth)
            if found.is_folder:
                folders.append((found.path + b"/", item.id, depth + 1))
            yield found
