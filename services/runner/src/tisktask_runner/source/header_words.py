"""Every sentence about a program's header comment that a user reads."""

from collections.abc import Sequence

from tisktask_common.labels import LABEL_FORM

#: Mistakes that a run's reason lists; its log has all.
MISTAKES_SHOWN = 5
_TEXT_SHOWN = 40
_PATH_SHOWN = 150
_EXAMPLES = {"retries": "2", "on": "lost,75", "timeout": "10m", "labels": "gpu,arm64", "paths": "src/**,!docs/**"}


def nothing_follows() -> str:
    return "nothing follows tisktask: - give settings such as retries=2 or timeout=10m"


def unknown_setting(key: str, near: Sequence[str], known: Sequence[str]) -> str:
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    return f"{_shown(key)} is no setting: {hint}"


def no_value(key: str) -> str:
    return f"{key} needs a value: {key}={_EXAMPLES[key]}"


def twice(key: str) -> str:
    return f"{key} stands twice"


def wrong_retries(value: str, most: int) -> str:
    return f"retries={_shown(value)} is not a number from 0 to {most}"


def wrong_end(end: str, lost: str) -> str:
    return f"on={_shown(end)} is neither {lost} nor an exit code from 1 to 255"


def wrong_timeout(value: str, days_max: int) -> str:
    return f"timeout={_shown(value)} is not a time such as 90s, 10m or 2h, of {days_max} days at most"


def wrong_label(label: str) -> str:
    return f"labels={_shown(label)} is no label: {LABEL_FORM}"


def too_many_labels(count: int, most: int) -> str:
    return f"there are {count} labels; {most} are allowed"


def mistake(path: str, line: int, message: str) -> str:
    """Say where a mistake is, as compilers do."""
    return f"{_shown(path, _PATH_SHOWN)}:{line}: {message}"


def header_mistakes(mistakes: Sequence[str]) -> str:
    """Say why nothing was run: a program that is not understood must not run otherwise than its author thinks."""
    more = len(mistakes) - MISTAKES_SHOWN
    said = "; ".join(mistakes[:MISTAKES_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    return f"Correct the header comment (# tisktask: ...): {said}."


def _shown(text: str, most: int = _TEXT_SHOWN) -> str:
    return text if len(text) <= most and text.isprintable() else ascii(text[:most])[1:-1]
