"""How much fits into the answer to a request: replies travel as JSON in one message. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from tisktask_common.resp import Failure, Pairs, Push, Reply, Simple
from tisktask_common.subjects import MESSAGE_BYTES_MAX
from tisktask_orchestrator.rundata.failures import ReplyTooLargeError

KEY_BYTES_MAX = 1024
#: A string, an item or what a field holds: it fits into one reply with all that is around it.
VALUE_BYTES_MAX = 256 * 1024
COMMANDS_MAX = 1000
REQUEST_ID_CHARS_MAX = 200
#: What is kept for each command that is still to come, so that it can be answered with something.
FAILURE_BYTES_MAX = 120
_ARRAY_BYTES = 64
_ANSWER_BYTES_MAX = MESSAGE_BYTES_MAX - 16 * 1024
#: `{"bytes":""},`, and what base64 is rounded up by.
_ITEM_BYTES = 17


@dataclass
class Room:
    """What is left for the replies of a request; `reserved` is kept for the commands behind the present one."""

    left: int = _ANSWER_BYTES_MAX
    reserved: int = 0

    def require(self, items: Iterable[bytes]) -> None:
        """Fail if a reply with these items does not fit any more."""
        sizes = [len(item) for item in items]
        self.require_bytes(sum(sizes), len(sizes))

    def require_bytes(self, size: int, count: int) -> None:
        if size * 4 // 3 + count * _ITEM_BYTES + _ARRAY_BYTES > self.left - self.reserved:
            raise ReplyTooLargeError

    def take(self, reply: Reply) -> None:
        """Fail if a reply does not fit; else less is left."""
        size = reply_bytes(reply)
        if not isinstance(reply, Failure) and size > self.left - self.reserved:
            raise ReplyTooLargeError
        self.left -= size


def reply_bytes(reply: Reply) -> int:
    """Tell about how long a reply is as JSON; never too little."""
    match reply:
        case bytes():
            return len(reply) * 4 // 3 + _ITEM_BYTES
        case list() | Push():
            items = reply if isinstance(reply, list) else reply.items
            return sum(map(reply_bytes, items)) + 16
        case Pairs(pairs):
            return sum(reply_bytes(key) + reply_bytes(value) + 3 for key, value in pairs) + 16
        case Simple(text):
            return len(json.dumps(text)) + 16
        case Failure(code, message):
            return len(json.dumps([code, message])) + 16
        case _:
            return 24
