"""Which file of a commit a job means by a path, and how its image is made. Pure."""

import difflib
import posixpath
from dataclasses import dataclass

from tisktask_runner.image.key import ImagePlan
from tisktask_runner.jobsocket import request_words as words
from tisktask_runner.jobsocket.arguments import refuse
from tisktask_runner.jobsocket.command import CommandError
from tisktask_runner.source.links import Inside, LinkSpace, files_in, resolve
from tisktask_runner.source.tree import FILE, FOLDER, LINK, SUBMODULE, Entry, Listing

_MEANT_MAX = 5
#: Comparing takes time.
_COMPARED_MAX = 1000


@dataclass(frozen=True)
class CommitFiles:
    """The files of the commit that a job belongs to."""

    sha: str
    listing: Listing


def find_program(files: CommitFiles, asked: str) -> str:
    """Name the program's path in the repository; raises CommandError with what to do."""
    space = files_in("", files.listing.entries)
    candidates = candidates_for(asked)
    for path in candidates:
        found = resolve(space, path)
        if isinstance(found, Inside) and found.entry and found.entry.is_program:
            return path
    for path in candidates:
        if path in space.files or path in space.folders:
            refuse(_why_not(space, path))
    raise _not_found(files, space, candidates[0])


def find_build_file(files: CommitFiles, asked: str) -> str:
    """Name the build file's path in the repository."""
    space = files_in("", files.listing.entries)
    candidates = candidates_for(asked)
    for path in candidates:
        found = resolve(space, path)
        if isinstance(found, Inside) and found.entry and found.entry.mode not in {LINK, SUBMODULE}:
            return found.entry.path
    raise CommandError("NOTFOUND", words.no_build_file(candidates[0], files.sha))


def candidates_for(asked: str) -> list[str]:
    """List what a path may mean: below .tisktask/ first, then from the repository's root."""
    if asked.startswith("/"):
        refuse(words.path_absolute(asked))
    path = posixpath.normpath(asked)
    if path == ".." or path.startswith("../"):
        refuse(words.path_leads_out(asked))
    if path == FOLDER or path.startswith(f"{FOLDER}/"):
        return [path]
    return [posixpath.normpath(f"{FOLDER}/{path}"), path]


@dataclass(frozen=True)
class ImageSource:
    """Where a job's image comes from: a name, a build file, or (neither) the default image."""

    image: str | None = None
    build_file: str | None = None
    image_key: str | None = None

    @classmethod
    def planned(cls, plan: ImagePlan | None) -> "ImageSource":
        return cls(build_file=plan.build_file, image_key=plan.key) if plan else cls()


def _why_not(space: LinkSpace, path: str) -> str:
    entry = space.files.get(path)
    if entry is None:
        return words.program_is_folder(path, _programs_in(space, path))
    if entry.mode == SUBMODULE:
        return words.program_is_submodule(path)
    if entry.mode == FILE:
        return words.program_not_executable(path)
    end = resolve(space, path)
    if not isinstance(end, Inside):
        return words.link_leads_nowhere(path)
    return words.program_not_executable(end.entry.path) if end.entry else words.program_is_folder(path, [])


def _not_found(files: CommitFiles, space: LinkSpace, path: str) -> CommandError:
    there = _programs_in(space, posixpath.dirname(path))
    if there:
        return CommandError("NOTFOUND", words.no_program(path, files.sha, there))
    front = f"{FOLDER}/"
    ours = [entry.path.removeprefix(front) for entry in files.listing.entries if _is_ours(entry)][:_COMPARED_MAX]
    meant = difflib.get_close_matches(path.removeprefix(front), ours, _MEANT_MAX) or ours[:_MEANT_MAX]
    return CommandError("NOTFOUND", words.no_program_but_elsewhere(path, files.sha, meant))


def _programs_in(space: LinkSpace, folder: str) -> list[str]:
    """List the names of a folder's programs."""
    names = [path.rpartition("/")[2] for path in space.files if posixpath.dirname(path) == folder]
    front = f"{folder}/" if folder else ""
    return [name for name in names if _is_program(space, f"{front}{name}")]


def _is_program(space: LinkSpace, path: str) -> bool:
    found = resolve(space, path)
    return isinstance(found, Inside) and found.entry is not None and found.entry.is_program


def _is_ours(entry: Entry) -> bool:
    return entry.path.startswith(f"{FOLDER}/") and entry.is_program
