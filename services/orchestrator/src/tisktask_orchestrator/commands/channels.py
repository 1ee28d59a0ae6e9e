"""Channels of a run: who says something on one is heard by those who are subscribed to it at that moment."""

import base64
import binascii

import structlog
from nats.errors import Error as NatsError

from tisktask_common.bus.connection import Bus
from tisktask_common.errors import UserError
from tisktask_common.job_requests import ChannelMessage, Published, PublishMessage, SetSubscriptions
from tisktask_common.rpc import Accepted
from tisktask_common.subjects import message_subject
from tisktask_orchestrator import words_for_data
from tisktask_orchestrator.callers import require_runner
from tisktask_orchestrator.changes import changing_run_of_job
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.commands.authority import require_attempt
from tisktask_orchestrator.store.subscriptions import delete_subscriptions, list_subscribers, upsert_subscriptions
from tisktask_orchestrator.transactions import transaction

log = structlog.get_logger()

CHANNEL_BYTES_MAX = 1024
MESSAGE_BYTES_MAX = 256 * 1024
CHANNELS_PER_JOB_MAX = 1000
CONNECTIONS_MAX = 100_000


async def set_subscriptions(collaborators: Collaborators, request: SetSubscriptions, caller: str) -> Accepted:
    """Note which channels the attempt's connections hear from now on, and no others."""
    require_runner(caller, request.runner)
    if len(request.connections_by_channel) > CHANNELS_PER_JOB_MAX:
        raise UserError(words_for_data.too_many_channels(CHANNELS_PER_JOB_MAX))
    heard = {_read_channel(channel): count for channel, count in request.connections_by_channel.items() if count}
    if not all(0 < count <= CONNECTIONS_MAX for count in heard.values()):
        raise UserError(words_for_data.wrong_connections(CONNECTIONS_MAX))
    # The run's lock keeps the job from ending meanwhile: its end would leave these behind.
    async with changing_run_of_job(collaborators, request.job_id) as change:
        listener = await require_attempt(change.connection, request, caller)
        await delete_subscriptions(change.connection, listener.job_id, list(heard))
        if heard:
            await upsert_subscriptions(change.connection, listener, request.runner, heard)
    return Accepted(accepted=True)


async def publish_message(collaborators: Collaborators, request: PublishMessage, caller: str) -> Published:
    """Pass a message on to the hosts that have subscribers."""
    channel = _read_channel(request.channel)
    _read(request.message, "message", MESSAGE_BYTES_MAX)
    async with transaction(collaborators.pool) as connection:
        speaker = await require_attempt(connection, request, caller)
        subscribers = await list_subscribers(connection, speaker.run_id, channel)
    message = ChannelMessage(scope=speaker.run_id, channel=request.channel, message=request.message)
    for host in subscribers:
        await _send(collaborators.bus, host.runner, message)
    return Published(receivers=sum(host.connections for host in subscribers))


async def _send(bus: Bus, runner: str, message: ChannelMessage) -> None:
    try:
        await bus.client.publish(message_subject(runner), message.model_dump_json().encode())
    except NatsError as error:
        # As in Redis, whoever is not connected at this moment misses it.
        log.warning("channel_message_not_sent", runner=runner, run=message.scope, error=repr(error))


def _read_channel(text: str) -> bytes:
    return _read(text, "channel", CHANNEL_BYTES_MAX)


def _read(text: str, field: str, bytes_max: int) -> bytes:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError(words_for_data.not_base64(field)) from error
    if len(value) > bytes_max:
        raise UserError(words_for_data.too_many_bytes(field, bytes_max))
    return value
