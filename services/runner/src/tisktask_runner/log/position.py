"""How far a log was sent: kept beside the log, so that whoever goes on after a death goes on exactly there."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import structlog

log = structlog.get_logger()


@dataclass(frozen=True)
class Position:
    """A place in the files of a log and in its bytes; everything before it is on the bus."""

    #: Index of the file in the order of the log.
    part: int = 0
    #: Where the next record of that file begins.
    file_offset: int = 0
    #: Bytes of output before that place: the offset of the next chunk.
    log_offset: int = 0
    #: The last chunk is on the bus too.
    is_complete: bool = False

    def next_part(self) -> "Position":
        return replace(self, part=self.part + 1, file_offset=0)

    def after(self, file_bytes: int, log_bytes: int) -> "Position":
        return replace(self, file_offset=self.file_offset + file_bytes, log_offset=self.log_offset + log_bytes)


def load_position(path: Path) -> Position:
    """Read the position; the beginning if there is none. What is sent twice is recognised by its offset."""
    try:
        return Position(**json.loads(path.read_text()))
    except FileNotFoundError:
        return Position()
    except (ValueError, TypeError) as error:
        log.warning("log_position_damaged", path=str(path), error=str(error))
        return Position()


def save_position(path: Path, position: Position) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(position)))
    partial.replace(path)
