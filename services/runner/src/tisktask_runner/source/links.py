"""Follows links between a commit's files, on paper. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tisktask_runner.source.tree import LINK, Entry

#: As many as Linux follows.
HOPS_MAX = 40


@dataclass(frozen=True)
class Inside:
    """The link ends in this file, or, with `None`, in a folder."""

    entry: Entry | None


@dataclass(frozen=True)
class Outside:
    """The link leaves the folder on its way (also if it would come back)."""


@dataclass(frozen=True)
class Nowhere:
    """The link's end does not exist, or it never ends."""


Destination = Inside | Outside | Nowhere


@dataclass(frozen=True)
class LinkSpace:
    """The files in a folder, and the folders in it; links that leave it are not followed."""

    top: str
    files: Mapping[str, Entry]
    folders: frozenset[str]


def files_in(top: str, entries: Iterable[Entry]) -> LinkSpace:
    """Pick the files of a folder (or the file or link of its name) from those of a commit; `""` is the whole commit."""
    files = {entry.path: entry for entry in entries if not top or entry.path == top or entry.path.startswith(f"{top}/")}
    folders = {path.rsplit("/", up)[0] for path in files for up in range(1, path.count("/") + 1)}
    return LinkSpace(top, files, frozenset(folders))


def resolve(within: LinkSpace, path: str) -> Destination:
    """Follow `path`, which is in the folder, and all links on its way."""
    done: list[str] = []
    top = within.top.count("/") + 1 if within.top else 0
    #: The next part is the last one: a link's target is put in its place.
    rest = path.split("/")[::-1]
    hops = 0
    while rest:
        part = rest.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if len(done) <= top:
                return Outside()
            done.pop()
            continue
        here = within.files.get("/".join([*done, part]))
        if here is not None and here.mode == LINK:
            hops += 1
            if here.target.startswith("/"):
                return Outside()
            if hops > HOPS_MAX:
                return Nowhere()
            rest.extend(here.target.split("/")[::-1])
        else:
            done.append(part)
    return _end(within, "/".join(done))


def _end(within: LinkSpace, path: str) -> Inside | Nowhere:
    if path in within.folders:
        return Inside(None)
    entry = within.files.get(path)
    return Inside(entry) if entry else Nowhere()
