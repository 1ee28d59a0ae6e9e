"""Replies get lost and runners are restarted: what a program asks for by tisktask-cmd is done once all the same."""

import asyncio

import pytest

from client_program import Client
from jobsocket_stand import SocketOfJob, SocketStand
from lossy_socket import LossySocket
from tisktask_common.lifecycle import JobState

LOSSES = 3


async def _outcome(client: Client, *words: str) -> str:
    run = await client.call(*words)
    assert (run.status, run.errors) == (0, ""), words
    return run.output.decode()


@pytest.mark.parametrize(
    ("before", "command", "output", "look", "found"),
    [
        ([], "INCR builds", "1\n", "GET builds", "1\n"),
        ([], "RPUSH queue a b", "2\n", "LRANGE queue 0 -1", "a\nb\n"),
        (["RPUSH queue a b c"], "LPOP queue", "a\n", "LRANGE queue 0 -1", "b\nc\n"),
        (["RPUSH queue a b c"], "BLPOP queue 5", "queue\na\n", "LRANGE queue 0 -1", "b\nc\n"),
        (["SET text a"], "APPEND text b", "2\n", "GET text", "ab\n"),
        ([], "HINCRBY hash field 5", "5\n", "HGETALL hash", "field\t5\n"),
    ],
)
async def test_data_are_changed_once_however_many_replies_are_lost(
    client: Client, lossy: LossySocket, before: list[str], command: str, output: str, look: str, found: str
) -> None:
    for one in before:
        await _outcome(client, *one.split())
    lossy.losses = LOSSES
    assert await _outcome(client, *command.split()) == output
    assert lossy.lost == LOSSES
    assert await _outcome(client, *look.split()) == found


async def test_a_job_is_spawned_once_however_many_replies_are_lost(
    client: Client, lossy: LossySocket, job: SocketOfJob
) -> None:
    lossy.losses = LOSSES
    child = (await _outcome(client, "SPAWNJOB", "NAME", "style", "push/lint")).strip()
    assert lossy.lost == LOSSES
    listed = (await _outcome(client, "JOBLIST")).splitlines()
    assert [line.split("\t")[0] for line in listed] == [job.job.id, child]
    assert await _outcome(client, "SPAWNJOB", "push/lint") != f"{child}\n"


async def test_a_remark_is_made_once_however_many_replies_are_lost(
    client: Client, lossy: LossySocket, stand: SocketStand
) -> None:
    lossy.losses = LOSSES
    assert await _outcome(client, "ANNOTATE", "LEVEL", "warning", "look here") == "OK\n"
    assert lossy.lost == LOSSES
    assert await stand.stage.rows("SELECT level, text FROM orchestrator.annotations") == [
        {"level": "warning", "text": "look here"}
    ]


async def test_a_job_that_is_waited_for_is_executed_once_though_the_runner_is_restarted(
    client: Client, stand: SocketStand, job: SocketOfJob
) -> None:
    executing = asyncio.create_task(client.call("EXECJOB", "NAME", "style", "push/lint"))
    await job.until_lent()
    await job.socket.close()
    after = await stand.open(job.job, job.voice.spec)
    await after.until_lent()
    own, child = (await _outcome(client, "JOBLIST")).splitlines()
    assert own.split("\t")[0] == job.job.id
    claimed = await stand.start_child(after, child.split("\t")[0])
    await claimed.job.end(JobState.FAILED, exit_code=7)
    run = await executing
    assert (run.status, run.output, run.errors) == (7, b"", "")


async def test_an_item_that_is_waited_for_comes_once_though_the_runner_is_restarted(
    client: Client, stand: SocketStand, job: SocketOfJob
) -> None:
    waiting = asyncio.create_task(client.call("BLPOP", "queue", "30"))
    await job.until_lent()
    await job.socket.close()
    after = await stand.open(job.job, job.voice.spec)
    await after.until_lent()
    await _outcome(client, "RPUSH", "queue", "a", "b")
    assert (await waiting).output == b"queue\na\n"
    assert await _outcome(client, "LRANGE", "queue", "0", "-1") == "b\n"


async def test_replies_read_well_in_a_shell(client: Client, job: SocketOfJob) -> None:
    child = (await _outcome(client, "SPAWNJOB", "NAME", "style", "push/lint")).strip()
    info = dict(line.split("\t") for line in (await _outcome(client, "JOBINFO", child)).splitlines())
    assert (info["name"], info["state"], info["parent"]) == ("style", "queued", job.job.id)
    assert "SPAWNJOB" in await _outcome(client, "HELP", "SPAWNJOB")
    nothing = await client.call("GET", "nothing")
    assert (nothing.status, nothing.output, nothing.errors) == (4, b"", "")
    wrong = await client.call("SPAWNJOB", "push/test")
    assert (wrong.status, wrong.output) == (1, b"")
    assert wrong.errors == "tisktask-cmd: NOTFOUND no program .tisktask/push/test at aaaaaaa; there: build, lint\n"
