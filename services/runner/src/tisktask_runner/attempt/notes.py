"""Lines that Tisktask adds to a job's log: appended to a file that is shipped like the program's output."""

from pathlib import Path

import structlog

log = structlog.get_logger()


class Notes:
    """Says one sentence per line. What a full disk does not take is in our own log: no job's end waits for it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def say(self, sentence: str) -> None:
        try:
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"[tisktask] {sentence}\n")
        except OSError as error:
            log.warning("note_not_kept", path=str(self.path), note=sentence, error=str(error))
