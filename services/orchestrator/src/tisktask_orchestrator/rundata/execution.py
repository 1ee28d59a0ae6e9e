"""Executes commands one after the other: each succeeds or fails by itself, as within Redis' MULTI."""

from tisktask_common.resp import Reply
from tisktask_orchestrator.rundata import failures
from tisktask_orchestrator.rundata.command import Call
from tisktask_orchestrator.rundata.dataset import Dataset
from tisktask_orchestrator.rundata.failures import CommandError, ReplyTooLargeError
from tisktask_orchestrator.rundata.room import FAILURE_BYTES_MAX
from tisktask_orchestrator.rundata.wanted import check_names


async def execute_calls(data: Dataset, calls: list[Call], *, is_divisible: bool) -> list[Reply]:
    """Return a reply per command; if the request is divisible, those that fit into one answer."""
    replies: list[Reply] = []
    for remaining, call in zip(reversed(range(len(calls))), calls, strict=True):
        data.room.reserved = 0 if is_divisible else remaining * FAILURE_BYTES_MAX
        try:
            reply = await _execute(data, call)
            data.room.take(reply)
        except ReplyTooLargeError as error:
            if is_divisible and replies:
                return replies
            reply = error.failure
        replies.append(reply)
    return replies


async def _execute(data: Dataset, call: Call) -> Reply:
    try:
        command = call.command
        if command is None:
            raise failures.unknown_command(call.name, call.arguments)
        if not command.has_right_count(call.arguments):
            raise failures.wrong_number_of_arguments(command.name)
        check_names(call)
        if command.grows:
            await data.make_room(call.key_arguments(), call.arguments)
        return await command.handler(data, call.arguments)
    except ReplyTooLargeError:
        raise
    except CommandError as error:
        return error.failure
