"""What a label looks like: hosts offer them, jobs ask for them."""

import re
from collections.abc import Iterable

LABELS_MAX = 32
#: In words, for whoever gave one that is not so.
LABEL_FORM = "lower-case letters, digits, '_', '.' and '-', 63 at most, a letter or digit first"
_LABEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")


def is_label(text: str) -> bool:
    return _LABEL.fullmatch(text) is not None


def unusable_label(labels: Iterable[str]) -> str | None:
    """Find the first that is not a label."""
    return next((label for label in labels if not is_label(label)), None)
