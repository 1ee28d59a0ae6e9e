"""The rules of `.containerignore` and `.dockerignore`: which files are not part of the context. Pure."""

import re
from collections.abc import Callable

PATTERNS_MAX = 1000
#: A pattern with many could take for ever to match.
WILDCARDS_MAX = 6


def ignore_rule(text: str) -> Callable[[str], bool] | None:
    """Compile the patterns; `None` if one can not be understood: then nothing counts as ignored."""
    rules: list[tuple[re.Pattern[str], bool]] = []
    for line in text.removeprefix("\ufeff").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        is_exception = pattern.startswith("!")
        compiled = _compile(pattern.removeprefix("!").strip())
        if compiled is None or len(rules) >= PATTERNS_MAX:
            return None
        rules.append((compiled, is_exception))

    def is_ignored(path: str) -> bool:
        # The last rule that matches the path, or a folder that it is in, decides.
        return next((not is_exception for rule, is_exception in reversed(rules) if rule.match(path)), False)

    return is_ignored


def _compile(pattern: str) -> re.Pattern[str] | None:
    if any(character in pattern for character in "[]\\") or pattern.count("*") > WILDCARDS_MAX:
        return None
    parts = [part for part in pattern.split("/") if part not in {"", "."}]
    if ".." in parts:
        return None
    if not parts:
        # The whole context; Docker and Podman take `/` and `.` for nothing at all.
        return re.compile(r"(?!)")
    expression = ""
    for index, part in enumerate(parts):
        is_last = index == len(parts) - 1
        if part == "**":
            expression += ".*" if is_last else "(?:.*/)?"
        else:
            expression += part_expression(part) + ("" if is_last else "/")
    return re.compile(f"{expression}(?:/.*)?\\Z", re.DOTALL)


def part_expression(part: str) -> str:
    """Translate one name of a pattern: `*` and `?` stay within it."""
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character)) for character in part)
