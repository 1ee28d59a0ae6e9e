"""Finds the build file of a program: the nearest one on the way up to `.tisktask/`. Pure."""

from collections.abc import Iterator

from tisktask_runner.source.tree import BUILD_FILES, FOLDER, IGNORE_FILES, Listing, path_order


def nearest_build_file(listing: Listing, program: str) -> str | None:
    """Name the build file for a program's image; `None`: the default image."""
    by_folder: dict[str, list[str]] = {}
    for path in listing.texts:
        folder, _, name = path.rpartition("/")
        if path.startswith(f"{FOLDER}/") and name.startswith(BUILD_FILES) and not name.endswith(IGNORE_FILES):
            by_folder.setdefault(folder, []).append(name)
    for folder in _folders_up(program):
        if names := by_folder.get(folder):
            return f"{folder}/{min(names, key=_rank)}"
    return None


def _folders_up(program: str) -> Iterator[str]:
    folder = program.rpartition("/")[0]
    while folder.startswith(f"{FOLDER}/"):
        yield folder
        folder = folder.rpartition("/")[0]
    yield FOLDER


def _rank(name: str) -> tuple[int, int, bytes]:
    # Exact names come before those with an ending, and Podman's own name before Docker's.
    is_exact = name in BUILD_FILES
    return (0 if is_exact else 1, 0 if name.startswith(BUILD_FILES[0]) else 1, path_order(name))
