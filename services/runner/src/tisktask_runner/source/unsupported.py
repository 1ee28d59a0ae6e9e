"""Warnings about what a commit relies on and Tisktask does not fetch: submodules and Git LFS. Pure."""

from pathspec import GitIgnoreSpec

from tisktask_runner.source import words
from tisktask_runner.source.tree import FILE, SUBMODULE, Listing

#: `.gitattributes` files and patterns are the user's: so many are looked at.
ATTRIBUTE_FILES_MAX, PATTERNS_MAX = 20, 100


def unsupported_warnings(listing: Listing) -> list[str]:
    """Name the submodules and the files that Git LFS keeps."""
    modules = [_shown(entry.path) for entry in listing.entries if entry.mode == SUBMODULE]
    large = _lfs_paths(listing)
    return ([words.submodules(modules)] if modules else []) + ([words.lfs_pointers(large)] if large else [])


def _lfs_paths(listing: Listing) -> list[str]:
    found: list[str] = []
    files = sorted(path for path in listing.texts if path.rpartition("/")[2] == ".gitattributes")
    for path in files[:ATTRIBUTE_FILES_MAX]:
        lines = [line.split() for line in listing.texts[path].splitlines() if "filter=lfs" in line.split()[1:]]
        spec = GitIgnoreSpec.from_lines(line[0] for line in lines[:PATTERNS_MAX])
        folder = path.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        if lines:
            found += [
                _shown(entry.path)
                for entry in listing.entries
                if entry.mode & FILE == FILE
                and entry.path.startswith(prefix)
                and spec.match_file(entry.path.removeprefix(prefix))
            ]
    return sorted(set(found))


def _shown(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
