"""What is kept of each container on disk, so that whichever process goes on with the attempt knows it.

No value of a variable is: `digest` tells whether a container is asked for again as it is.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import ValidationError

from tisktask_common.events import Value
from tisktask_runner.engine.model import Pod
from tisktask_runner.sidecar.order import SidecarOrder

log = structlog.get_logger()


class SidecarRecord(Value):
    """One container: what was asked for, and how far it has come."""

    name: str
    image: str
    request_id: str
    salt: str
    digest: str
    #: What its image wants to be ended with.
    stop_signal: str = "SIGTERM"
    pod_id: str = ""
    #: Empty: not made yet, as far as is known.
    container_id: str = ""
    #: It is about to be started, runs, or has ended.
    is_started: bool = False
    #: The program has ended it.
    is_stopped: bool = False

    def describes(self, order: SidecarOrder) -> bool:
        return self.digest == order.digest(self.salt)


@dataclass(frozen=True)
class SidecarPlace:
    """The directory of one container."""

    path: Path

    @property
    def output_log(self) -> Path:
        return self.path / "output.log"

    @property
    def after_log(self) -> Path:
        """How it ended; the last line of its log."""
        return self.path / "after.log"

    @property
    def log_position(self) -> Path:
        return self.path / "log.position"

    def write(self, record: SidecarRecord) -> None:
        self._write_whole("record.json", record.model_dump_json())

    def read(self) -> SidecarRecord | None:
        try:
            return SidecarRecord.model_validate_json((self.path / "record.json").read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            log.warning("container_record_damaged", path=str(self.path), error=str(error))
            return None

    def say_end(self, text: str) -> None:
        """Add the last line of its log. Once: who adopts it later knows less about its end."""
        if not self.after_log.exists():
            self._write_whole(self.after_log.name, text)

    def pod(self, record: SidecarRecord) -> Pod:
        return Pod(record.pod_id, record.container_id, None, self.output_log, is_beside=True)

    def _write_whole(self, name: str, text: str) -> None:
        partial = self.path / f".{name}.partial"
        partial.write_text(text)
        partial.replace(self.path / name)


def new_record(name: str, order: SidecarOrder) -> SidecarRecord:
    salt = secrets.token_hex(16)
    return SidecarRecord(
        name=name, image=order.image, request_id=order.request_id, salt=salt, digest=order.digest(salt)
    )
