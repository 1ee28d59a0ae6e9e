"""A delivery that is kept is to be taken once more, as if the forge had sent it again."""

from pydantic import Field

from tisktask_common.events import Value
from tisktask_common.ids import TriggerId
from tisktask_common.rpc import Request

REQUEST_ID_CHARS_MAX = 100
#: Begins the delivery id of a replay: what was found without a webhook is not the same.
REPLAY = "replay:"


class Replayed(Value):
    """The new trigger, or the one that the same request has made before."""

    trigger_id: TriggerId
    repository: str = Field(description="owner/name")


class ReplayDelivery(Request[Replayed]):
    """Make a new trigger of the kept payload of an older one. The same request id makes one."""

    subject_name = "replay-delivery"
    reply_type = Replayed
    trigger_id: TriggerId
    request_id: str
