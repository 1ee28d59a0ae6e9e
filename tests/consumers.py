"""Whether a consumer has handled all that is in its stream. What the server counts as pending lags behind what it stores."""

import nats.js.errors
from nats.js import JetStreamContext

from tisktask_common.subjects import Consumer


async def has_taken_all(jetstream: JetStreamContext, consumer: Consumer) -> bool:
    """Tell whether the newest message that is for it is acknowledged, and none is in hand."""
    newest = 0
    for subject in consumer.filters:
        try:
            newest = max(newest, (await jetstream.get_last_msg(consumer.stream, subject)).seq or 0)
        except nats.js.errors.NotFoundError:
            continue  # there has been none
    info = await jetstream.consumer_info(consumer.stream, consumer.name)
    taken = info.ack_floor.stream_seq if info.ack_floor else 0
    return taken >= newest and not info.num_ack_pending and not info.num_pending
