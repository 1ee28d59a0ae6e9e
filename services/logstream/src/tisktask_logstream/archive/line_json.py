"""Lines as the API and the streams show them: JSON, written at the speed of the text in it."""

from collections.abc import Iterable
from json.encoder import encode_basestring  # type: ignore[attr-defined]

from tisktask_common.log_chunk import LogStream
from tisktask_logstream.archive.reading import Line

_NAMES = {LogStream.STDOUT: "stdout", LogStream.STDERR: "stderr", LogStream.SYSTEM: "system"}
_FLAGS = {
    (is_partial, is_continued): f',"partial":{str(is_partial).lower()}' + (',"continued":true' if is_continued else "")
    for is_partial in (False, True)
    for is_continued in (False, True)
}


def lines_json(lines: Iterable[Line]) -> str:
    """Write an array of `{"n", "t", "s", "text", "partial"}`; see `Line` of the API's models."""
    return f"[{','.join(map(line_json, lines))}]"


def line_json(line: Line) -> str:
    """Write one line; a gap has `s` "gap" and `missing_bytes`, no time and no text."""
    if line.missing_bytes:
        return (
            f'{{"n":{line.number},"t":null,"s":"gap","text":"","partial":false,"missing_bytes":{line.missing_bytes}}}'
        )
    text: str = encode_basestring(line.text.decode("utf-8", "replace"))
    flags = _FLAGS[line.is_partial, line.is_continued]
    return f'{{"n":{line.number},"t":{line.time_us // 1000},"s":"{_NAMES[line.stream]}","text":{text}{flags}}}'
