"""Lines that Tisktask adds to a job's log: appended to a file that is shipped like the program's output."""

from pathlib import Path


class Notes:
    """Says one sentence per line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def say(self, sentence: str) -> None:
        with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"[tisktask] {sentence}\n")
