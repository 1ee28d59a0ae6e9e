"""Reads a build file far enough to know what it takes from the repository and which images it names. Pure.

In doubt it takes everything.
"""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tisktask_runner.image.stages import Stages

#: A pattern with many could take for ever to match.
WILDCARDS_MAX = 6
_ESCAPE_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*(\S)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*\w+\s*=")
_REMOTE = re.compile(r"^(https?|ftp|git|ssh)://|^git@", re.IGNORECASE)
#: Substitution, quoting, character classes, and ways out of the context.
_DOUBTFUL = re.compile(r"""[$"'\\\[\]]|(^|/)\.\.(/|$)""")
_FROM, _MOUNT = "--from=", "--mount="


@dataclass(frozen=True)
class Reads:
    """What a build takes from its context."""

    #: Anything may be read.
    everything: bool
    #: Paths and patterns (`*` and `?` within one name) from the repository's root, without slashes at the ends.
    sources: frozenset[str]

    @property
    def nothing(self) -> bool:
        return not self.everything and not self.sources


@dataclass(frozen=True)
class Named:
    """What an instruction names: an image, or an option."""

    line: int
    instruction: str
    #: With a `$`: what Podman alone knows decides about it.
    name: str


@dataclass(frozen=True)
class Instruction:
    """One instruction; several lines may be joined."""

    #: Of its beginning.
    line: int
    name: str
    rest: str

    def naming(self, name: str) -> Named:
        return Named(self.line, self.name, name)


@dataclass(frozen=True)
class BuildFile:
    """What a build file says."""

    reads: Reads
    #: Images that it builds on or takes files from, not its own stages.
    images: tuple[Named, ...]
    #: How it wants commands to be run, but for mounts.
    options: tuple[Named, ...]


def parse(text: str) -> BuildFile:
    """Read the instructions; one that can not be understood counts as reading everything."""
    sources: set[str | None] = set()
    images: list[Named] = []
    options: list[Named] = []
    stages = Stages()
    for instruction in _instructions(text):
        flags, words = _flags(instruction.rest)
        flags = [stages.fill_in(flag) for flag in flags]
        named: list[str | None] = []
        if instruction.name == "ARG":
            stages.declare(instruction.rest)
        elif instruction.name == "FROM" and words:
            named = [stages.begin(words)]
        elif instruction.name in {"COPY", "ADD"}:
            named = [stages.source(flag.removeprefix(_FROM)) for flag in flags if flag.startswith(_FROM)]
            sources.update(() if named else _sources(instruction.name, instruction.rest))
        elif instruction.name == "RUN":
            mounts = [_mount(flag) for flag in flags if flag.startswith(_MOUNT)]
            named = [stages.source(name) for mount in mounts for name in _mounted_images(mount)]
            sources.update(source for mount in mounts for source in _mounted(mount))
            options += [instruction.naming(flag) for flag in flags if not flag.startswith(_MOUNT)]
        images += [instruction.naming(name) for name in named if name]
    # The base's own ONBUILD instructions are not seen here.
    everything = None in sources or any("onbuild" in image.name for image in images if image.instruction == "FROM")
    reads = Reads(everything, frozenset(source for source in sources if source))
    return BuildFile(reads, tuple(images), tuple(options))


def _instructions(text: str) -> Iterator[Instruction]:
    """Split it: comments dropped, continued lines joined.

    Lines of heredocs count as instructions, too: what they look like is read at worst needlessly, and an `a << b`
    of a RUN can not hide the instructions after it.
    """
    escape = _escape(text)
    pending, begun = "", 0
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        begun = begun if pending else number
        pending += line
        if stripped.endswith(escape):
            pending = pending.rstrip()[:-1]
        else:
            yield _split(begun, pending)
            pending = ""
    if pending.strip():
        yield _split(begun, pending)


def _split(line: int, text: str) -> Instruction:
    name, *more = text.split(maxsplit=1)
    rest = more[0].strip() if more else ""
    # A later stage of the same file may build on this one: then it is done.
    return _split(line, rest) if name.upper() == "ONBUILD" and rest else Instruction(line, name.upper(), rest)


def _escape(text: str) -> str:
    """Find the escape character: directives stand before all else."""
    for line in text.removeprefix("\ufeff").split("\n"):
        if found := _ESCAPE_DIRECTIVE.match(line.strip()):
            return found.group(1)
        if not _DIRECTIVE.match(line.strip()):
            break
    return "\\"


def _flags(rest: str) -> tuple[list[str], list[str]]:
    words = rest.split()
    count = next((index for index, word in enumerate(words) if not word.startswith("--")), len(words))
    return words[:count], words[count:]


def _sources(name: str, rest: str) -> Iterator[str | None]:
    """List what a COPY or ADD takes from the context; `None`: everything."""
    words = _flags(rest)[1]
    body = rest[rest.index(words[0]) :] if words else ""
    if body.startswith("["):
        try:
            words = [str(word) for word in json.loads(body)]
        except (ValueError, TypeError):
            yield None
            return
    for word in words[:-1]:
        if word.startswith("<<") or (name == "ADD" and _REMOTE.match(word)):
            continue
        yield _source(word)


def _source(word: str) -> str | None:
    if _DOUBTFUL.search(word) or word.count("*") > WILDCARDS_MAX:
        return None
    return "/".join(part for part in word.split("/") if part not in {"", "."}) or None


def _mount(flag: str) -> dict[str, str] | None:
    """Read the options of a `RUN --mount=`; `None`: it can not be understood."""
    try:
        pairs = [part.partition("=") for part in shlex.split(flag.removeprefix(_MOUNT))[0].split(",")]
    except (ValueError, IndexError):
        return None
    return {key.lower(): value for key, _, value in pairs}


def _mounted_images(mount: dict[str, str] | None) -> Iterator[str]:
    """List what a mount shows of images; also what could be one, for all that is known here."""
    for key, value in (mount or {}).items():
        if key == "from":
            yield value
        elif "$" in key:
            yield key


def _mounted(mount: dict[str, str] | None) -> Iterator[str | None]:
    """List what a mount shows of the context; `None`: everything."""
    if mount is None:
        yield None
    elif mount.get("type", "bind") == "bind" and "from" not in mount:
        yield _source(mount.get("source") or mount.get("src") or ".")
