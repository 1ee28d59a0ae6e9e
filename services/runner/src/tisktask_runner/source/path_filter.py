"""Which changed files a program is interested in: patterns such as `src/**` and `!docs/**`. Pure.

Matching takes no more than (parts of the pattern) times (parts of the path) steps, whatever somebody has written.
"""

from collections.abc import Iterable, Sequence

from tisktask_runner.source import path_words as words
from tisktask_runner.source.tree import Listing

PATTERNS_MAX = 50
PATTERN_CHARS_MAX = 200
_NOT = "!"


def wrong_pattern(pattern: str) -> str | None:
    """Say what is wrong with a pattern; None: nothing."""
    plain = pattern.removeprefix(_NOT)
    parts = plain.removesuffix("/").split("/")
    mistakes = {
        words.EMPTY_PATTERN: not plain,
        words.pattern_too_long(PATTERN_CHARS_MAX): len(pattern) > PATTERN_CHARS_MAX,
        words.pattern_absolute(pattern): plain.startswith("/"),
        words.pattern_not_understood(pattern): any(character in plain for character in "[]{}\\"),
        words.pattern_not_normal(pattern): any(part in {"", ".", ".."} for part in parts),
        words.stars_not_alone(pattern): any("**" in part and part != "**" for part in parts),
    }
    return next((words for words, is_wrong in mistakes.items() if is_wrong), None)


def find_match(patterns: Sequence[str], changed: Iterable[str]) -> str | None:
    """Find a changed file that a pattern means (any file, if all begin with `!`), and none of those with `!`."""
    wanted = [_parts(pattern) for pattern in patterns if not pattern.startswith(_NOT)] or [["**"]]
    unwanted = [_parts(pattern.removeprefix(_NOT)) for pattern in patterns if pattern.startswith(_NOT)]
    for path in changed:
        parts = path.split("/")
        if any(_matches(one, parts) for one in wanted) and not any(_matches(one, parts) for one in unwanted):
            return path
    return None


def changed_files(before: Listing, after: Listing) -> list[str]:
    """List what differs between two commits: files that were added, removed or changed in content or mode."""
    old = {entry.path: (entry.mode, entry.blob) for entry in before.entries}
    new = {entry.path: (entry.mode, entry.blob) for entry in after.entries}
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def _parts(pattern: str) -> list[str]:
    # A folder means all that is in it.
    return (f"{pattern}**" if pattern.endswith("/") else pattern).split("/")


def _matches(pattern: Sequence[str], path: Sequence[str]) -> bool:
    # reached[i]: the first i parts of the path can be what the pattern's parts so far stand for.
    reached = [True] + [False] * len(path)
    for part in pattern:
        if part == "**":
            first = reached.index(True) if True in reached else len(reached)
            reached = [place >= first for place in range(len(reached))]
        else:
            reached = [False] + [
                is_reached and _part_matches(part, name) for is_reached, name in zip(reached, path, strict=False)
            ]
    return reached[-1]


def _part_matches(pattern: str, name: str) -> bool:
    """Match within one part: `*` is any text, `?` any character. The last star alone is ever tried again."""
    at, star, resume = 0, -1, 0
    place = 0
    while place < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, resume, at = at, place, at + 1
        elif at < len(pattern) and pattern[at] in {name[place], "?"}:
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return all(character == "*" for character in pattern[at:])
