"""The content key of an image: equal keys, equal images. A hash over all that its build can read. Pure."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tisktask_runner.image.build_file import nearest_build_file
from tisktask_runner.image.ignore import ignore_rule, part_expression
from tisktask_runner.image.instructions import Reads, parse
from tisktask_runner.image.permission import find_forbidden
from tisktask_runner.source.tree import IGNORE_FILES, LINK, Entry, Listing, path_order

#: Raised when images are made differently: all keys change.
KEY_VERSION = 1


@dataclass(frozen=True)
class ImagePlan:
    """Where a program's image comes from."""

    build_file: str
    text: str
    key: str
    #: Whether the build needs the checkout, or only its build file.
    reads_context: bool
    #: Names of images that it builds on or takes files from, as far as they are known here.
    images: tuple[str, ...]
    #: What in the build file is not allowed; empty: it can be built.
    forbidden: str = ""
    #: Its layers are shared with no other build.
    is_apart: bool = False


def plan_image(listing: Listing, program: str, platform: str, scope: str = "") -> ImagePlan | None:
    """Say how to make a program's image; `None`: the default image."""
    path = nearest_build_file(listing, program)
    return plan_build(listing, path, platform, scope) if path is not None else None


def plan_build(listing: Listing, build_file: str, platform: str, scope: str = "") -> ImagePlan:
    """Compute the key of what a build file makes of a commit; with a scope, for runs that are kept apart."""
    text = listing.texts[build_file]
    parsed = parse(text)
    # The first part is a number alone in trusted keys: no other text of a restricted build makes one of those.
    version = f"{KEY_VERSION} {scope}" if scope else str(KEY_VERSION)
    fields = [version, platform, text]
    if not parsed.reads.nothing:
        for path in _ignore_files(listing, build_file):
            fields += [path, listing.texts[path]]
        for entry in _context(listing, build_file, parsed.reads):
            fields += [entry.path, oct(entry.mode), entry.blob]
    return ImagePlan(
        build_file,
        text,
        _hash(fields),
        reads_context=not parsed.reads.nothing,
        images=tuple(image.name for image in parsed.images),
        forbidden=find_forbidden(build_file, parsed),
        is_apart=bool(scope),
    )


def _hash(fields: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for field in fields:
        content = path_order(field)
        digest.update(b"%d:" % len(content) + content)
    return digest.hexdigest()


def _context(listing: Listing, build_file: str, reads: Reads) -> Iterable[Entry]:
    """List the files that the build can read."""
    entries = listing.entries
    # A source that is a link, or goes through one, is read where the link leads.
    if not reads.everything and not _goes_through_link(entries, reads.sources):
        pattern = _any_of(reads.sources, "(?:/.*)?")
        return [entry for entry in entries if pattern.match(entry.path)]
    # Podman takes one ignore file; which one depends on its version. It counts only where there is no doubt.
    files = _ignore_files(listing, build_file)
    rule = ignore_rule(listing.texts[files[0]]) if len(files) == 1 and "/" not in files[0] else None
    return entries if rule is None else [entry for entry in entries if not rule(entry.path)]


def _ignore_files(listing: Listing, build_file: str) -> list[str]:
    names = [*(build_file + name for name in IGNORE_FILES), *IGNORE_FILES]
    return [name for name in names if name in listing.texts]


def _any_of(sources: Iterable[str], ending: str) -> re.Pattern[str]:
    alternatives = ("/".join(part_expression(part) for part in source.split("/")) for source in sorted(sources))
    return re.compile(f"(?:{'|'.join(alternatives)}){ending}\\Z", re.DOTALL)


def _goes_through_link(entries: Iterable[Entry], sources: Iterable[str]) -> bool:
    prefixes = {source.rsplit("/", up)[0] for source in sources for up in range(source.count("/") + 1)}
    pattern = _any_of(prefixes, "")
    return any(entry.mode == LINK and pattern.match(entry.path) for entry in entries)
