"""What ingest tells the orchestrator about deliveries: when the last of a repository came, and what has signed it."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Accepted, Request


class DeliverySeen(StrEnum):
    """What kind of delivery came."""

    TEST = "test"
    EVENT = "event"
    #: It names the repository, but none of its secrets has signed it.
    WRONG_SIGNATURE = "wrong_signature"


class NoteDelivery(Request[Accepted]):
    """A delivery for a repository has come. Of many one now and then is told; tests always are."""

    subject_name = "note-delivery"
    reply_type = Accepted
    repository_id: RepositoryId
    kind: DeliverySeen
    event: str = Field(default="", description="as the forge calls it")
    received_at: datetime
    secret_number: int | None = Field(default=None, description="of the secret that has signed it")
