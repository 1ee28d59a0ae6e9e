"""Reads a build file far enough to know what it takes from the repository. Pure; in doubt: everything."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from tisktask_runner.image.build_arguments import read_arguments, substitute

#: A pattern with many could take for ever to match.
WILDCARDS_MAX = 6
_ESCAPE_DIRECTIVE = re.compile(r"#\s*escape\s*=\s*(\S)\s*$", re.IGNORECASE)
_DIRECTIVE = re.compile(r"#\s*\w+\s*=")
_REMOTE = re.compile(r"^(https?|ftp|git|ssh)://|^git@", re.IGNORECASE)
#: Substitution, quoting, character classes, and ways out of the context.
_DOUBTFUL = re.compile(r"""[$"'\\\[\]]|(^|/)\.\.(/|$)""")


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
class BuildFile:
    """What a build file says."""

    reads: Reads
    #: Images that it builds on, not its own stages. With a `$`: what Podman alone knows decides about the name.
    bases: tuple[str, ...]


def parse(text: str) -> BuildFile:
    """Read the instructions; one that can not be understood counts as reading everything."""
    sources: set[str | None] = set()
    bases: list[str] = []
    stages: set[str] = {"scratch"}
    arguments: dict[str, str] = {}
    is_before_stages = True
    for name, rest in _instructions(text):
        flags, words = _flags(rest)
        if name == "ARG" and is_before_stages:
            arguments |= read_arguments(rest, arguments)
        elif name == "FROM" and words:
            is_before_stages = False
            base = substitute(words[0], arguments)
            if base.lower() not in stages:
                bases.append(base)
            if len(words) >= 3 and words[1].lower() == "as":
                stages.add(words[2].lower())
        elif name in {"COPY", "ADD"} and not any(flag.startswith("--from=") for flag in flags):
            sources.update(_sources(name, rest))
        elif name == "RUN":
            sources.update(source for flag in flags for source in _mounted(flag))
    # The base's own ONBUILD instructions are not seen here.
    everything = None in sources or any("onbuild" in base for base in bases)
    return BuildFile(Reads(everything, frozenset(source for source in sources if source)), tuple(bases))


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Split into (NAME, rest): comments dropped, continued lines joined.

    Lines of heredocs count as instructions, too: what they look like is read at worst needlessly, and an `a << b`
    of a RUN can not hide the instructions after it.
    """
    escape = _escape(text)
    pending = ""
    for line in text.removeprefix("\ufeff").split("\n"):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        pending += line
        if stripped.endswith(escape):
            pending = pending.rstrip()[:-1]
        else:
            yield _split(pending)
            pending = ""
    if pending.strip():
        yield _split(pending)


def _split(instruction: str) -> tuple[str, str]:
    name, *rest = instruction.split(maxsplit=1)
    return name.upper(), rest[0].strip() if rest else ""


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


def _mounted(flag: str) -> Iterator[str | None]:
    """List what a `RUN --mount=type=bind` shows of the context."""
    if not flag.startswith("--mount="):
        return
    try:
        pairs = [part.partition("=") for part in shlex.split(flag.removeprefix("--mount="))[0].split(",")]
    except (ValueError, IndexError):
        yield None
        return
    options = {key.lower(): value for key, _, value in pairs}
    if options.get("type", "bind") == "bind" and "from" not in options:
        yield _source(options.get("source") or options.get("src") or ".")
