"""Lines as the API shows them."""

from typing import Any

from tisktask_common.log_chunk import LogStream
from tisktask_logstream.archive.reading import Line

_NAMES = {LogStream.STDOUT: "stdout", LogStream.STDERR: "stderr", LogStream.SYSTEM: "system"}


def line_json(line: Line) -> dict[str, Any]:
    """Make `{"n", "t", "s", "text", "partial"}`; a gap has `s` "gap" and `missing_bytes`, no time and no text."""
    if line.missing_bytes:
        return {"n": line.number, "t": None, "s": "gap", "text": "", "partial": False} | {
            "missing_bytes": line.missing_bytes
        }
    shown: dict[str, Any] = {
        "n": line.number,
        "t": line.time_us // 1000,
        "s": _NAMES[line.stream],
        "text": line.text.decode("utf-8", "replace"),
        "partial": line.is_partial,
    }
    if line.is_continued:
        shown["continued"] = True
    return shown
