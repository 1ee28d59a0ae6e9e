"""A job's request to execute commands on the data of its run: one transaction, answered once."""

import base64
import binascii
import json
from dataclasses import dataclass, field

from prometheus_client import Counter

from tisktask_common.database.pool import Connection, Pool
from tisktask_common.errors import InfrastructureError, UserError
from tisktask_common.ids import RunId
from tisktask_common.job_requests import DataCommands, DataReplies, News
from tisktask_common.resp import to_json
from tisktask_orchestrator import words_for_data
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.commands.authority import require_attempt
from tisktask_orchestrator.news import send_news
from tisktask_orchestrator.rundata.command import Call
from tisktask_orchestrator.rundata.dataset import Bounds, Dataset
from tisktask_orchestrator.rundata.execution import execute_calls
from tisktask_orchestrator.rundata.loading import make_dataset, send_loading
from tisktask_orchestrator.rundata.room import COMMANDS_MAX, REQUEST_ID_CHARS_MAX
from tisktask_orchestrator.rundata.table import make_call
from tisktask_orchestrator.rundata.wanted import collect_wanted
from tisktask_orchestrator.rundata.writing import send_changes
from tisktask_orchestrator.store.run_data import insert_run_data, list_runners_of_run, roll_back
from tisktask_orchestrator.store.run_data_writes import GivenReply
from tisktask_orchestrator.transactions import transaction

commands_done = Counter("tisktask_data_commands_total", "Commands on the data of runs", ["command"])

_TRIES_MAX = 3


@dataclass
class Outcome:
    """What a request is answered, and who hears of its pushes."""

    replies: list[object]
    run: RunId | None = None
    runners: list[str] = field(default_factory=list[str])
    topics: list[str] = field(default_factory=list[str])


async def execute_commands(collaborators: Collaborators, request: DataCommands, caller: str) -> DataReplies:
    """Execute the commands, and tell those who may wait for what they have pushed."""
    settings = collaborators.settings
    bounds = Bounds(settings.run_data_bytes_max, settings.run_data_keys_max)
    async with collaborators.data_connections:
        outcome = await execute_request(collaborators.pool, bounds, request, caller)
    if outcome.run and outcome.topics:
        for runner in outcome.runners:
            await send_news(collaborators.bus, runner, News(scope=outcome.run, topics=outcome.topics))
    return DataReplies(replies=outcome.replies)


async def execute_request(pool: Pool, bounds: Bounds, request: DataCommands, caller: str) -> Outcome:
    """Execute the commands and keep what they have changed before they are answered."""
    calls = _read_calls(request)
    for _ in range(_TRIES_MAX):
        outcome = await _execute_once(pool, bounds, request, caller, calls)
        if outcome:
            for call in calls:
                commands_done.labels(call.command.name if call.command else "unknown").inc()
            return outcome
        async with transaction(pool) as connection:
            await require_attempt(connection, request, caller)
            await insert_run_data(connection, request.job_id)
    raise InfrastructureError(words_for_data.no_run_data(request.job_id))


async def _execute_once(
    pool: Pool, bounds: Bounds, request: DataCommands, caller: str, calls: list[Call]
) -> Outcome | None:
    """Execute the request in a transaction; None: the run has no data yet."""
    wanted = collect_wanted(calls)
    async with pool.connection() as connection, connection.pipeline():
        loading = await send_loading(connection, request.job_id, request.request_id, wanted)
        # By now the lock was asked for: an attempt that is fenced off while others hold it is refused.
        await require_attempt(connection, request, caller)
        (answered,) = await loading.answered.rows()
        data = await make_dataset(connection, loading, bounds, wanted, answered.now_ms)
        if data is None or answered.replies is not None:
            await roll_back(connection)
            return Outcome(json.loads(answered.replies)) if answered.replies is not None else None
        replies = await execute_calls(data, calls, is_divisible=request.is_divisible)
        outcome = Outcome([to_json(reply) for reply in replies], data.run)
        if data.is_changed:
            await _commit(connection, request, data, outcome)
        else:
            # The lock alone would have to be written to the disk by a commit.
            await roll_back(connection)
        return outcome


async def _commit(connection: Connection, request: DataCommands, data: Dataset, outcome: Outcome) -> None:
    """Write down what has changed, with the answer."""
    await send_changes(data, GivenReply(request.job_id, request.request_id, json.dumps(outcome.replies)))
    told = await list_runners_of_run(connection, data.run) if data.pushed_keys else None
    # Within the pipeline: one round trip for all.
    await connection.commit()
    if told:
        outcome.runners = [row.runner for row in await told.rows()]
        outcome.topics = [f"key:{base64.b64encode(key).decode()}" for key in data.pushed_keys]


def _read_calls(request: DataCommands) -> list[Call]:
    if not 0 < len(request.request_id) <= REQUEST_ID_CHARS_MAX or not request.request_id.isprintable():
        raise UserError(words_for_data.wrong_request_id(REQUEST_ID_CHARS_MAX))
    if len(request.commands) > COMMANDS_MAX:
        raise UserError(words_for_data.too_many_commands(COMMANDS_MAX))
    try:
        commands = [[base64.b64decode(word, validate=True) for word in command] for command in request.commands]
    except (binascii.Error, ValueError) as error:
        raise UserError(words_for_data.not_base64("commands")) from error
    if not all(commands):
        raise UserError(words_for_data.empty_command())
    return [make_call(command) for command in commands]
