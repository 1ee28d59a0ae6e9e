"""Every sentence about changed files that a user reads."""

from collections.abc import Sequence

EMPTY_PATTERN = "paths has an empty pattern: give patterns such as src/** or !docs/**, with commas between them"
_SHOWN_CHARS = 60
_PATTERNS_SHOWN = 5


def pattern_too_long(chars_max: int) -> str:
    return f"paths has a pattern of more than {chars_max} characters"


def too_many_patterns(count: int, most: int) -> str:
    return f"paths has {count} patterns; {most} are allowed"


def pattern_absolute(pattern: str) -> str:
    return f"paths={_shown(pattern)} begins with /: patterns are from the repository's root anyway"


def pattern_not_understood(pattern: str) -> str:
    return f"paths={_shown(pattern)} has a character that means nothing here: there are *, ** and ?, and a ! in front"


def pattern_not_normal(pattern: str) -> str:
    return f"paths={_shown(pattern)} has an empty part, . or .. in it: write the path as git shows it"


def stars_not_alone(pattern: str) -> str:
    return f"paths={_shown(pattern)}: ** stands for whole folders and must be alone between slashes, as in src/**/*.py"


def filtered(patterns: Sequence[str], count: int) -> str:
    said = ",".join(patterns[:_PATTERNS_SHOWN]) + (",..." if len(patterns) > _PATTERNS_SHOWN else "")
    none = {0: "no file has changed", 1: "the one changed file is none of them"}
    return (
        f"It runs for changes of {_shown(said, 150)} only; {none.get(count, f'none of the {count} changed files is')}."
    )


def not_filtered(reason: str) -> str:
    return f"What has changed is not known, so programs with paths=... run all the same: {reason}"


def nothing_to_compare(event: str) -> str:
    return f"Programs with paths=... run: there is nothing that a {event} could be compared with."


def compared(count: int, base: str) -> str:
    return f"{count} {'file has' if count == 1 else 'files have'} changed since {base[:12]}."


def filtered_out(name: str, reason: str) -> str:
    return f"{name} is skipped. {reason}"


def no_common_ancestor(base: str) -> str:
    return f"The commit has no ancestor in common with {base[:60]}."


def base_not_there(base: str) -> str:
    return f"There is no {base[:100]} to compare with."


def base_not_read(reason: str) -> str:
    return f"The commit to compare with could not be read. {reason}"


def _shown(text: str, most: int = _SHOWN_CHARS) -> str:
    return text if len(text) <= most and text.isprintable() else ascii(text[:most])[1:-1]
