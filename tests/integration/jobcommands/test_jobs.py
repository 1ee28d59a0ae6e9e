"""Jobs that start jobs, wait for them and end them, through their sockets."""

import asyncio
import json

import pytest
import redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from jobsocket_stand import SocketOfJob, SocketStand
from tisktask_common.lifecycle import JobState


async def test_a_job_spawns_another_by_its_path(stand: SocketStand):
    parent = await stand.start()
    child = await parent.call("SPAWNJOB", "NAME", "style", "push/lint", "--all", "two words")
    (info,) = await parent.job.read(child)
    assert (info.name, info.path, info.parent_job_id) == ("style", ".tisktask/push/lint", parent.job.id)
    spec = (await stand.start_child(parent, child)).voice.spec
    assert spec.program and spec.program.arguments == ["--all", "two words"]


async def test_the_same_key_is_the_same_child_and_none_is_another(stand: SocketStand):
    parent = await stand.start()
    first, again = [await parent.call("SPAWNJOB", "KEY", "k", "push/lint") for _ in range(2)]
    other = await parent.call("SPAWNJOB", "push/lint")
    assert first == again != other


async def test_a_repeat_under_the_same_request_id_is_the_same_child(stand: SocketStand):
    parent = await stand.start()
    children = set()
    for _ in range(2):
        async with parent.client() as client:
            connection = client.connection_pool.make_connection()
            await connection.connect()
            await connection.send_command("REQUESTID", "r1")
            await connection.read_response()
            await connection.send_command("SPAWNJOB", "SHELL", "make lint")
            children.add(await connection.read_response())
            await connection.disconnect()
    assert len(children) == 1


async def test_a_program_that_is_not_there_is_answered_with_those_that_are(stand: SocketStand):
    parent = await stand.start()
    with pytest.raises(redis.ResponseError) as caught:
        await parent.call("SPAWNJOB", "push/test")
    assert str(caught.value) == "NOTFOUND no program .tisktask/push/test at aaaaaaa; there: build, lint"


async def test_variables_reach_the_child_sealed(stand: SocketStand):
    parent = await stand.start()
    child = await parent.call("SPAWNJOB", "ENV", "TOKEN=hunter2", "ENV", "EMPTY=", "push/lint")
    spec = (await stand.start_child(parent, child)).voice.spec
    assert spec.sealed_environment
    opened = parent.job.runner.keys.open(spec.sealed_environment).get_secret_value()
    assert json.loads(opened) == {"TOKEN": "hunter2", "EMPTY": ""}


async def test_executing_replies_the_exit_code_and_lends_the_slot_meanwhile(stand: SocketStand):
    parent = await stand.start()
    executing = asyncio.create_task(parent.call("EXECJOB", "KEY", "k", "push/lint"))
    await parent.until_lent()
    child = await stand.start_child(parent, await parent.call("SPAWNJOB", "KEY", "k", "push/lint"))
    await child.job.end(JobState.FAILED, exit_code=7)
    assert await executing == 7
    assert not parent.lending.is_lent


@pytest.mark.parametrize(
    ("state", "fields", "said"),
    [
        (JobState.ERRORED, {"reason": "The disk is full."}, "ERRORED job lint ended as errored: The disk is full."),
        (
            JobState.TIMED_OUT,
            {"exit_code": 143, "reason": "Too long."},
            "TIMEDOUT job lint ended as timed out: Too long.",
        ),
        (JobState.FAILED, {"reason": "No such image."}, "FAILED job lint ended as failed: No such image."),
    ],
)
async def test_a_child_without_an_answer_of_its_own_is_an_error(
    stand: SocketStand, state: JobState, fields: dict[str, object], said: str
):
    parent = await stand.start()
    executing = asyncio.create_task(parent.call("EXECJOB", "KEY", "k", "push/lint"))
    await parent.until_lent()
    child = await stand.start_child(parent, await parent.call("SPAWNJOB", "KEY", "k", "push/lint"))
    await child.job.end(state, **fields)
    with pytest.raises(redis.ResponseError) as caught:
        await executing
    assert str(caught.value) == said


async def test_waiting_replies_in_the_order_asked_for_when_all_have_ended(stand: SocketStand):
    parent = await stand.start()
    ids = [await parent.call("SPAWNJOB", "push/lint") for _ in range(2)]
    waiting = asyncio.create_task(parent.call("WAITJOB", *ids[::-1], ids[0]))
    any_of_them = asyncio.create_task(parent.call("WAITANY", *ids))
    first = await stand.start_child(parent, ids[0])
    await first.job.end(exit_code=0)
    assert await any_of_them == [ids[0], "succeeded", 0]
    assert not waiting.done()
    await (await stand.start_child(parent, ids[1])).job.end(JobState.ERRORED)
    assert await waiting == [[ids[1], "errored", None], [ids[0], "succeeded", 0], [ids[0], "succeeded", 0]]


async def test_waiting_ends_with_nothing_when_the_time_is_up(stand: SocketStand):
    parent = await stand.start()
    child = await parent.call("SPAWNJOB", "push/lint")
    assert await parent.call("WAITJOB", child, "TIMEOUT", "0.2") is None
    assert await parent.call("WAITANY", child, "TIMEOUT", "0.1") is None


async def test_a_waiter_who_goes_away_lends_no_more(stand: SocketStand):
    parent = await stand.start()
    child = await parent.call("SPAWNJOB", "push/lint")
    client = parent.client()
    waiting = asyncio.create_task(client.execute_command("WAITJOB", child))
    await parent.until_lent()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await client.aclose()
    async with asyncio.timeout(10):
        while parent.lending.is_lent:
            await asyncio.sleep(0.01)


async def test_unknown_jobs_are_said_to_be_unknown(stand: SocketStand):
    parent = await stand.start()
    for command in ("WAITJOB", "WAITANY", "JOBINFO", "CANCELJOB"):
        with pytest.raises(redis.ResponseError, match="NOTFOUND"):
            await parent.call(command, "job_nobody")


async def test_a_job_is_told_about_and_listed(stand: SocketStand):
    parent = await stand.start()
    child = await parent.call("SPAWNJOB", "push/lint")
    told = await info_of(parent, child)
    assert (told["id"], told["state"], told["parent"], told["exit_code"]) == (child, "queued", parent.job.id, None)
    listed = await parent.call("JOBLIST")
    assert [child, "lint", "queued", None, parent.job.id] in listed
    assert len(listed) == 2


async def test_a_cancelled_child_is_an_error_for_who_executes_it_and_does_not_count(stand: SocketStand):
    parent = await stand.start()
    executing = asyncio.create_task(parent.call("EXECJOB", "KEY", "k", "push/lint"))
    await parent.until_lent()
    child = await parent.call("SPAWNJOB", "KEY", "k", "push/lint")
    assert await parent.call("CANCELJOB", child) == "OK"
    with pytest.raises(redis.ResponseError, match="CANCELLED job lint ended as cancelled"):
        await executing
    await parent.job.end()
    await stand.stage.wait_for_run(parent.voice.spec.run_id, "succeeded")


async def test_what_a_job_says_is_kept(stand: SocketStand):
    job = await stand.start()
    assert await job.call("STATUS", "at 97 %") == "OK"
    assert await job.call("SETNAME", "The coverage\n of main") == "OK"
    assert await job.call("SUMMARY", b"# All\0well\xff") == "OK"
    assert await job.call("ANNOTATE", "LEVEL", "Warning", "FILE", "a.c", "LINE", "3", "**never**") == "OK"
    row = await stand.stage.job(job.job.work)
    assert (row["title"], row["status_text"], row["summary"]) == ("The coverage of main", "at 97 %", "# All�well�")
    (annotation,) = await stand.stage.rows("SELECT level, file, line, text FROM api.annotations")
    assert annotation == {"level": "warning", "file": "a.c", "line": 3, "text": "**never**"}


@pytest.mark.parametrize(
    "words",
    [("LEVEL", "loud", "x"), ("LINE", "3", "x"), ("FILE", "a", "LINE", "0", "x"), ("LEVEL", "error"), ("two", "words")],
)
async def test_a_remark_that_is_not_right_is_refused(stand: SocketStand, words: tuple[str, ...]):
    job = await stand.start()
    with pytest.raises(redis.ResponseError):
        await job.call("ANNOTATE", *words)
    assert not await stand.stage.rows("SELECT id FROM api.annotations")


@pytest.mark.parametrize(("command", "state"), [("FAILRUN", "failed"), ("CANCELRUN", "cancelled")])
async def test_a_job_ends_the_run(stand: SocketStand, command: str, state: str):
    job = await stand.start()
    assert await job.call(command, "no licence") == "OK"
    await job.job.end(JobState.CANCELLED)
    run = await stand.stage.wait_for_run(job.voice.spec.run_id, state)
    assert "no licence" in run["reason"]


async def test_a_fenced_attempt_is_refused(stand: SocketStand):
    job = await stand.start()
    await job.job.end()
    with pytest.raises(redis.exceptions.NoPermissionError, match="may ask for nothing"):
        await job.call("SPAWNJOB", "push/lint")


async def test_patience_has_an_end(stand: SocketStand):
    """Nobody answers for logs here."""
    stand.patience_seconds = 0.3
    job = await stand.start()
    with pytest.raises(redis.exceptions.TryAgainError, match="Tisktask could not do this"):
        await job.call("JOBLOG", job.job.id)


async def test_a_client_that_loses_patience_and_asks_again_starts_nothing_twice(stand: SocketStand):
    """redis-py 8 does so by itself: it closes the connection after 5 s and says the same on a new one."""
    parent = await stand.start()
    retry = Retry(NoBackoff(), 3)
    with pytest.raises(redis.TimeoutError):
        async with parent.client(socket_timeout=0.3, retry=retry) as client:
            await client.execute_command("EXECJOB", "push/lint")
    children = [job for job in (await parent.job.read_page()).items if job.parent_job_id == parent.job.id]
    assert [child.name for child in children] == ["lint"]


async def test_what_a_program_says_of_itself_holds_where_its_parent_says_nothing(stand: SocketStand):
    parent = await stand.start()
    plain = await parent.call("SPAWNJOB", "tools/gen")
    told = await parent.call("SPAWNJOB", "LABEL", "arm64", "TIMEOUT", "5", "tools/gen")
    rows = await stand.stage.rows(
        "SELECT labels, seconds_max, retries, retry_codes FROM orchestrator.jobs WHERE id = ANY(%s) ORDER BY seconds_max DESC",
        [plain, told],
    )
    assert [(row["labels"], row["seconds_max"], row["retries"], row["retry_codes"]) for row in rows] == [
        (["gpu"], 60, 2, [75]),
        (["arm64"], 5, 2, [75]),
    ]


async def info_of(parent: SocketOfJob, child: object) -> dict[str, object]:
    info = await parent.call("JOBINFO", child)
    return dict(zip(info[::2], info[1::2], strict=True)) if isinstance(info, list) else info


async def test_a_parent_says_how_often_a_child_is_tried_and_is_told_of_the_last_attempt(stand: SocketStand):
    parent = await stand.start()
    order = ("KEY", "k", "RETRIES", "1", "ON", "7", "push/lint")
    executing = asyncio.create_task(parent.call("EXECJOB", *order))
    await parent.until_lent()
    child = await parent.call("SPAWNJOB", *order)
    first = await stand.start_child(parent, child)
    await first.job.end(JobState.FAILED, exit_code=7)
    info = await info_of(parent, child)
    assert (info["state"], info["attempt"], info["attempts"]) == ("queued", 2, [[1, "failed", 7]])
    assert info["reason"] == "Attempt 1 of 2 failed with exit code 7; the next follows after a pause of 5 s."
    assert not executing.done()
    second = await stand.start_child(parent, child, attempt=2)
    await second.job.end(exit_code=0)
    assert await executing == 0
    assert (await info_of(parent, child))["attempts"] == [[1, "failed", 7], [2, "succeeded", 0]]
    assert await parent.call("WAITJOB", child) == [[child, "succeeded", 0]]


async def test_a_parent_is_told_of_a_last_attempt_that_failed_too(stand: SocketStand):
    parent = await stand.start()
    order = ("KEY", "k", "RETRIES", "1", "push/lint")
    executing = asyncio.create_task(parent.call("EXECJOB", *order))
    await parent.until_lent()
    child = await parent.call("SPAWNJOB", *order)
    for attempt, code in ((1, 7), (2, 8)):
        begun = await stand.start_child(parent, child, attempt)
        await begun.job.end(JobState.FAILED, exit_code=code)
    assert await executing == 8


async def test_options_take_the_place_of_what_a_program_says_of_itself(stand: SocketStand):
    parent = await stand.start()
    for words, told in (
        (("RETRIES", "5"), (5, False, [75])),
        (("RETRIES", "0"), (0, False, [75])),
        (("ON", "lost"), (2, True, [])),
    ):
        child = await parent.call("SPAWNJOB", *words, "tools/gen")
        (row,) = await stand.stage.rows(
            "SELECT retries, retry_on_lost, retry_codes FROM orchestrator.jobs WHERE id = %s", child
        )
        assert tuple(row.values()) == told
