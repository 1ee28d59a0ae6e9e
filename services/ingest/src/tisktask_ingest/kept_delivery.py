"""What is kept of a delivery beside its payload: enough to understand the payload once more. Pure."""

from collections.abc import Mapping

from pydantic import Field, ValidationError

from tisktask_common.events import TriggerReceived, Value
from tisktask_common.ids import RepositoryId

HEADER = "Tisktask-Delivery"


class KeptDelivery(Value):
    """How a delivery came in; it stands in a header of the payload's first piece."""

    repository_id: RepositoryId
    forge: str
    delivery: str
    event: str = Field(min_length=1, description="as the forge called it")
    chunks: int = Field(ge=1)


def describe(event: TriggerReceived) -> dict[str, str]:
    """Write the header of the first piece."""
    kept = KeptDelivery(
        repository_id=event.repository.id,
        forge=event.repository.forge,
        delivery=event.delivery,
        event=event.forge_event,
        chunks=event.payload_chunks,
    )
    return {HEADER: kept.model_dump_json()}


def read_description(headers: Mapping[str, str] | None) -> KeptDelivery | None:
    """Read the header; None: it was kept by a version that wrote none."""
    try:
        return KeptDelivery.model_validate_json((headers or {}).get(HEADER, ""))
    except ValidationError:
        return None
