"""The repositories as the orchestrator told them last, on disk: what ingest starts with while others are away.

The secrets in it are sealed for ingest's own key, so the file alone tells nothing.
"""

from pathlib import Path

import structlog
from pydantic import ValidationError

from tisktask_common.events import Value
from tisktask_common.rpc import HookSecrets
from tisktask_ingest.durable_file import write_durably

log = structlog.get_logger()


class Snapshot(Value):
    """All repositories with sealed secrets, and the key that they are sealed for."""

    public_key: str
    items: list[HookSecrets]


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    write_durably(path, snapshot.model_dump_json().encode())


def read_snapshot(path: Path, public_key: str) -> Snapshot | None:
    """Read the snapshot; None if there is none that can be used with this key."""
    try:
        snapshot = Snapshot.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        log.warning("snapshot_not_readable", path=str(path), error=str(error)[:500])
        return None
    if snapshot.public_key != public_key:
        log.warning("snapshot_of_another_key", path=str(path))
        return None
    return snapshot
