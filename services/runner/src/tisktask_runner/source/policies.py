"""Reads the header comments of programs from a mirror: of the files that are jobs alone, also through links."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pygit2

from tisktask_common.rpc import Policy
from tisktask_runner.source import header_words, words
from tisktask_runner.source.formats import open_blobs
from tisktask_runner.source.git_command.errors import GitCommandError
from tisktask_runner.source.header import BYTES_MAX, read_header
from tisktask_runner.source.links import Inside, files_in, resolve
from tisktask_runner.source.mirror_place import MirrorPlace, sharing_mirror
from tisktask_runner.source.outcomes import CheckoutFailed
from tisktask_runner.source.own_thread import in_own_thread
from tisktask_runner.source.reading import Blobs
from tisktask_runner.source.tree import Entry, Listing

#: A file must be unpacked whole to see its beginning. What is larger was compiled, and has no comment.
FILE_BYTES_MAX = 4_000_000


@dataclass(frozen=True)
class HeaderMistakes:
    """What is wrong in the header comments of the programs, each with its file and line."""

    mistakes: tuple[str, ...]

    @property
    def reason(self) -> str:
        return header_words.header_mistakes(self.mistakes)


Policies = dict[str, Policy]


async def read_policies(
    mirror: Path, listing: Listing, paths: Sequence[str]
) -> Policies | HeaderMistakes | CheckoutFailed:
    """Read how the programs at these paths want to be run."""
    return await in_own_thread("headers", partial(_read, mirror, listing, paths))


def _read(mirror: Path, listing: Listing, paths: Sequence[str]) -> Policies | HeaderMistakes | CheckoutFailed:
    policies: Policies = {}
    mistakes: dict[str, None] = {}
    space = files_in("", listing.entries)
    place = MirrorPlace(mirror)
    with sharing_mirror(place):
        try:
            with open_blobs(place) as blobs:
                for path in paths:
                    found = resolve(space, path)
                    if not isinstance(found, Inside) or found.entry is None:
                        continue
                    read = read_header(_read_head(blobs, found.entry))
                    if isinstance(read, Policy):
                        policies[path] = read
                    else:
                        # Several links to one file have one mistake.
                        named = [header_words.mistake(found.entry.path, one.line, one.message) for one in read]
                        mistakes |= dict.fromkeys(named)
        except (pygit2.GitError, GitCommandError, KeyError, OSError, ValueError) as error:
            return CheckoutFailed(words.mirror_unreadable(str(error)), is_mirror_damaged=True)
    return HeaderMistakes(tuple(mistakes)) if mistakes else policies


def _read_head(blobs: Blobs, entry: Entry) -> bytes:
    return b"" if blobs.size(entry.blob) > FILE_BYTES_MAX else blobs.data(entry.blob)[:BYTES_MAX]
