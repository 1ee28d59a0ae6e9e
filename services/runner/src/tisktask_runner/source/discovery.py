"""Which files of `.tisktask` are jobs for an event. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tisktask_common.trigger_events import folders_of
from tisktask_runner.source import words
from tisktask_runner.source.links import Inside, LinkSpace, Nowhere, Outside, files_in, resolve
from tisktask_runner.source.tree import BUILD_FILES, FILE, FOLDER, LINK, SUBMODULE, Entry, path_order

PROGRAMS_MAX = 256
WARNINGS_MAX = 50


@dataclass(frozen=True)
class FoundProgram:
    """A file that is a job."""

    #: Below the event's folder: `build`, or `opened/build`.
    name: str
    path: str


@dataclass(frozen=True)
class Discovered:
    """The jobs of an event, in the order of their paths."""

    programs: tuple[FoundProgram, ...]
    warnings: tuple[str, ...]
    #: What a run without jobs says.
    reason_if_empty: str


@dataclass(frozen=True)
class TooManyPrograms:
    """More jobs than one run may have."""

    reason: str


def discover(
    entries: Sequence[Entry], event: str, action: str | None, programs_max: int = PROGRAMS_MAX
) -> Discovered | TooManyPrograms:
    """Find the jobs among the files of a commit (all of them, or those of `.tisktask`)."""
    ours = files_in(FOLDER, entries)
    folders = _folders(ours, event, action)
    if entry := ours.files.get(FOLDER):
        said = {LINK: words.tisktask_is_link(), SUBMODULE: words.folder_is_submodule(FOLDER)}
        return Discovered((), (said.get(entry.mode, words.tisktask_is_file()),), words.nothing_to_run(folders))
    programs: list[FoundProgram] = []
    warnings = [warning for folder in folders if (warning := _folder_warning(ours, folder))]
    for entry in _candidates(ours, folders):
        judged = _judge(ours, entry)
        if isinstance(judged, str):
            warnings.append(judged)
        elif judged is not None:
            programs.append(judged)
    if len(programs) > programs_max:
        return TooManyPrograms(words.too_many_programs(len(programs), programs_max, folders[0]))
    programs.sort(key=lambda program: path_order(program.path))
    return Discovered(tuple(programs), tuple(_shorten(warnings)), words.nothing_to_run(folders))


def _folders(ours: LinkSpace, event: str, action: str | None) -> list[str]:
    """List the folders whose files run."""
    wanted = folders_of(event, action)
    own = f"{FOLDER}/{event}"
    is_there = own in ours.folders or own in ours.files
    folder = own if wanted.instead is None or is_there else f"{FOLDER}/{wanted.instead}"
    return ([folder] if wanted.is_direct else []) + [f"{folder}/{name}" for name in wanted.of_action]


def _folder_warning(ours: LinkSpace, folder: str) -> str | None:
    entry = ours.files.get(folder)
    if entry is None:
        return None
    if entry.mode == SUBMODULE:
        return words.folder_is_submodule(_shown(folder))
    found = resolve(ours, entry.path) if entry.mode == LINK else None
    if isinstance(found, Inside) and found.entry is None:
        return words.folder_is_link(_shown(folder))
    return None


def _candidates(ours: LinkSpace, folders: Sequence[str]) -> Iterator[Entry]:
    """Go through the files directly in the folders, without those that are never jobs."""
    wanted = set(folders)
    for entry in ours.files.values():
        folder, _, name = entry.path.rpartition("/")
        if folder in wanted and not name.startswith((".", *BUILD_FILES)):
            yield entry


def _judge(ours: LinkSpace, entry: Entry) -> FoundProgram | str | None:
    """Say whether a file is a job: the job, a warning that it may have been meant to be one, or `None`."""
    if entry.mode == LINK:
        refusal, is_program = _judge_link(ours, entry)
    else:
        is_program = entry.is_program
        is_meant = entry.mode == FILE and entry.head == b"#!"
        refusal = words.not_executable(_shown(entry.path)) if is_meant else None
    if not is_program:
        return refusal
    if not entry.path.isprintable():
        return words.name_not_text(path_order(entry.path))
    return FoundProgram(entry.path.split("/", 2)[2], entry.path)


def _judge_link(ours: LinkSpace, entry: Entry) -> tuple[str | None, bool]:
    """Say why a link is no job (if that needs saying), and whether it is one."""
    path, target = _shown(entry.path), _shown(entry.target)
    match resolve(ours, entry.path):
        case Nowhere():
            return words.link_leads_nowhere(path, target), False
        case Outside():
            return words.link_leads_out(path, target), False
        case Inside(end):
            # A link to a folder is perhaps a library.
            is_meant = end is not None and end.head == b"#!"
            return words.link_not_executable(path, target) if is_meant else None, end is not None and end.is_program


def _shown(path: str) -> str:
    """Write a path so that it can be logged, stored and shown, whatever its bytes are."""
    return path if path.isprintable() else path.encode("unicode_escape", "surrogateescape").decode("ascii", "replace")


def _shorten(warnings: list[str]) -> list[str]:
    if len(warnings) <= WARNINGS_MAX:
        return warnings
    return [*warnings[:WARNINGS_MAX], words.more_warnings(len(warnings) - WARNINGS_MAX)]
