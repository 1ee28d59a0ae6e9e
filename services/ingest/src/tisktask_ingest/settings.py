"""What ingest is told by its environment."""

from pathlib import Path

from pydantic import Field

from tisktask_common.process.settings import BusSettings

MIB = 1024**2


class IngestSettings(BusSettings):
    """How ingest listens, and what it may keep on disk and in memory."""

    listen: str = Field(default="127.0.0.1:4001", description="address:port of webhooks, health and metrics")
    state_dir: Path = Field(
        default=Path("/var/lib/tisktask/ingest"),
        description="its key, the sealed snapshot of the repositories, and the spool; one process at a time",
    )
    spool_bytes_max: int = Field(
        default=512 * MIB, ge=MIB, description="compressed deliveries kept on disk while the bus is away"
    )
    spool_count_max: int = Field(default=10_000, ge=1, description="number of deliveries kept on disk")
    bodies_bytes_max: int = Field(
        default=256 * MIB, ge=32 * MIB, description="memory for all request bodies that are being received"
    )
