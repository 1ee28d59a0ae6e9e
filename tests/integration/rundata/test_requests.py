"""Requests for data: executed once, by those who may, in turn, and within bounds."""

import asyncio
import base64
import re
from typing import Any

import pytest

from run_data_stand import RUNNER, DataStand, make_request
from tisktask_common.errors import RefusedError, UserError
from tisktask_common.resp import NULL_ARRAY, OK, Failure
from tisktask_orchestrator.rundata.requests import execute_request
from tisktask_orchestrator.rundata.room import COMMANDS_MAX
from tisktask_orchestrator.store.run_data import delete_run_data, forget_data_replies, forget_run_data
from tisktask_orchestrator.store.statements import STATEMENTS


async def change(stand: DataStand, statement: Any, *values: Any) -> None:
    async with stand.pool.connection() as connection:
        await connection.execute(statement, values)


async def test_all_jobs_of_a_run_see_the_same_data_and_no_other_run_does(stand: DataStand) -> None:
    one = await stand.make_job()
    sibling = await stand.make_job(one.run, one.repository)
    stranger = await stand.make_job(repository=one.repository)
    assert await stand.do(one, "SET key value") == OK
    assert await stand.do(sibling, "GET key") == b"value"
    assert await stand.do(stranger, "GET key") is None


async def test_a_repeated_request_is_executed_once_and_answered_twice(stand: DataStand) -> None:
    job = await stand.make_job()
    commands = [[b"RPUSH", b"list", b"a", b"b"], [b"LPOP", b"list"], [b"GET"]]
    first = await stand.replies(job, *commands, request_id="same")
    again = await stand.replies(job, *commands, request_id="same")
    assert first == again == [2, b"a", Failure("ERR", "wrong number of arguments for 'get' command")]
    assert await stand.do(job, "LRANGE list 0 -1") == [b"b"]


async def test_a_repeated_request_that_comes_meanwhile_is_executed_once(stand: DataStand) -> None:
    job = await stand.make_job()
    outcomes = await asyncio.gather(*(stand.replies(job, [b"INCR", b"n"], request_id="same") for _ in range(8)))
    assert outcomes == [[1]] * 8


async def test_who_waits_may_ask_again_under_the_same_name(stand: DataStand) -> None:
    job = await stand.make_job()
    pop = [b"BLPOP", b"list", b"5"]
    assert await stand.replies(job, pop, request_id="pop") == [NULL_ARRAY]
    await stand.do(job, "RPUSH list item")
    assert await stand.replies(job, pop, request_id="pop") == [[b"list", b"item"]]
    assert await stand.replies(job, pop, request_id="pop") == [[b"list", b"item"]]


async def test_an_error_of_one_command_undoes_no_other(stand: DataStand) -> None:
    job = await stand.make_job()
    replies = await stand.replies(
        job, [b"SET", b"a", b"x"], [b"INCR", b"a"], [b"RPUSH", b"a", b"y"], [b"APPEND", b"a", b"z"]
    )
    assert [type(reply) for reply in replies] == [type(OK), Failure, Failure, int]
    assert await stand.do(job, "GET a") == b"xz"


async def test_numbers_are_given_once_each_however_many_ask(stand: DataStand) -> None:
    job = await stand.make_job()
    siblings = [job, *[await stand.make_job(job.run, job.repository) for _ in range(3)]]
    given = await asyncio.gather(*(stand.do(siblings[turn % 4], "INCR n") for turn in range(100)))
    assert sorted(number for number in given if isinstance(number, int)) == list(range(1, 101))


async def test_items_are_popped_once_each_however_many_ask(stand: DataStand) -> None:
    job = await stand.make_job()
    items = [str(number).encode() for number in range(100)]
    await stand.replies(job, [b"RPUSH", b"list", *items])
    popped = await asyncio.gather(*(stand.do(job, "LPOP list") for _ in range(110)))
    assert sorted(item for item in popped if isinstance(item, bytes)) == sorted(items)
    assert popped.count(None) == 10
    assert await stand.do(job, "EXISTS list") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orchestrator.attempts SET finished_at = now() WHERE job_id = %s",
        "UPDATE orchestrator.jobs SET attempt = 2 WHERE id = %s",
        "UPDATE orchestrator.jobs SET finished_at = now() WHERE id = %s",
    ],
)
async def test_an_attempt_that_is_over_changes_nothing(stand: DataStand, statement: str) -> None:
    job = await stand.make_job()
    sibling = await stand.make_job(job.run, job.repository)
    await stand.do(job, "SET key before")
    await change(stand, statement, job.id)
    with pytest.raises(RefusedError):
        await stand.do(job, "SET key after")
    assert await stand.do(sibling, "GET key") == b"before"


async def test_another_runner_is_refused(stand: DataStand) -> None:
    job = await stand.make_job()
    with pytest.raises(RefusedError):
        await execute_request(
            stand.pool, stand.bounds, make_request(job, [b"GET", b"a"], request_id="r"), "runner-other"
        )
    with pytest.raises(RefusedError):
        request = make_request(job, [b"GET", b"a"], request_id="r", runner="other")
        await execute_request(stand.pool, stand.bounds, request, "runner-other")


async def test_a_request_that_is_no_request_is_refused(stand: DataStand) -> None:
    job = await stand.make_job()
    with pytest.raises(UserError, match="send them in parts"):
        await stand.ask(job, *[[b"GET", b"a"]] * (COMMANDS_MAX + 1))
    with pytest.raises(UserError, match="name"):
        await stand.ask(job, [])
    with pytest.raises(UserError, match="base64"):
        request = make_request(job, request_id="r").model_copy(update={"commands": [["äöü"]]})
        await execute_request(stand.pool, stand.bounds, request, f"runner-{RUNNER}")


async def test_pushes_are_told_to_the_hosts_of_the_run(stand: DataStand) -> None:
    job = await stand.make_job()
    outcome = await stand.ask(
        job, [b"RPUSH", b"a", b"1"], [b"RPUSH", b"gone", b"1"], [b"DEL", b"gone"], [b"SET", b"s", b"1"]
    )
    assert (outcome.run, outcome.runners) == (job.run, [RUNNER])
    assert outcome.topics == [f"key:{base64.b64encode(b'a').decode()}"]
    assert (await stand.ask(job, [b"LPOP", b"a"])).topics == []


async def test_a_time_to_live_is_counted_by_the_database(stand: DataStand) -> None:
    job = await stand.make_job()
    (_, seconds, left) = await stand.replies(job, [b"SET", b"a", b"1", b"EX", b"100"], [b"TTL", b"a"], [b"PTTL", b"a"])
    assert seconds == 100
    assert left == 100_000
    left = await stand.do(job, "PTTL a")
    assert isinstance(left, int)
    assert 0 < left <= 100_000
    assert await stand.do(job, "PERSIST a") == 1
    assert await stand.do(job, "TTL a") == -1


async def test_scan_finds_every_key_once(stand: DataStand) -> None:
    job = await stand.make_job()
    names = {b"key:%d" % number for number in range(55)}
    await stand.replies(job, *[[b"SET", name, b"v"] for name in names], [b"RPUSH", b"list", b"x"])
    found: list[bytes] = []
    cursor = b"0"
    while True:
        (reply,) = await stand.replies(job, [b"SCAN", cursor, b"MATCH", b"key:*", b"TYPE", b"string", b"COUNT", b"7"])
        assert isinstance(reply, list)
        cursor, part = reply
        found += part
        if cursor == b"0":
            break
    assert sorted(found) == sorted(names)


async def test_the_data_of_a_run_is_forgotten_with_all_that_belongs_to_it(stand: DataStand) -> None:
    jobs = [await stand.make_job() for _ in range(3)]
    for job in jobs:
        await stand.replies(job, [b"SET", b"a", b"1"], [b"RPUSH", b"l", b"1"], [b"HSET", b"h", b"f", b"1"])
    await change(
        stand, "UPDATE orchestrator.runs SET finished_at = now() - interval '8 days' WHERE id = %s", jobs[0].run
    )
    await change(stand, "UPDATE orchestrator.runs SET finished_at = now() WHERE id = %s", jobs[1].run)
    async with stand.pool.connection() as connection:
        assert await forget_run_data(connection, 7 * 86_400) == 1
        assert await forget_data_replies(connection, 3600) == 0
        assert await forget_data_replies(connection, 0) == 3
        assert await delete_run_data(connection, jobs[2].run) == 1
    assert await remaining(stand) == [(jobs[1].run, 3, 1, 1)]


async def remaining(stand: DataStand) -> list[Any]:
    async with stand.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT run_id, count(*), (SELECT count(*) FROM orchestrator.data_items),"
            " (SELECT count(*) FROM orchestrator.data_fields) FROM orchestrator.data_keys GROUP BY run_id"
        )
        return await cursor.fetchall()


async def test_statements_touch_only_what_a_command_needs(stand: DataStand) -> None:
    """However long the list, and however much other runs keep: all are found by indexes, in plans for any values."""
    job = await stand.make_job()
    for start in range(0, 30_000, 10_000):
        await stand.replies(job, [b"RPUSH", b"list", *(b"%d" % number for number in range(start, start + 10_000))])
    named = {"job_id": job.id, "run_id": job.run, "key": b"list", "keys": [b"list"], "fields": [b"f"]}
    values = named | {"count": 1, "is_left": True, "start": 5, "stop": 6, "overwritten": [1], "request_id": "r"}
    async with stand.pool.connection() as connection:
        await connection.execute("ANALYZE orchestrator.data_items, orchestrator.data_keys, orchestrator.jobs")
        await connection.execute("SET LOCAL enable_seqscan = off")
        for name in HOT_STATEMENTS:
            cursor = await connection.execute("EXPLAIN " + STATEMENTS[name], values)
            plan = "\n".join(row[0] for row in await cursor.fetchall())
            assert "Seq Scan" not in plan, plan
            if "items" in name:
                assert re.search(r"Index Cond: .*key = .*position", plan), plan


HOT_STATEMENTS = [
    "take_run_data",
    "read_data_reply",
    "list_named_keys",
    "list_named_fields",
    "list_end_items",
    "list_data_items",
    "measure_data_items",
    "delete_data_items",
    "delete_data_fields",
    "delete_data_keys",
]


async def test_a_long_list_is_used_at_its_ends(stand: DataStand) -> None:
    job = await stand.make_job()
    await stand.replies(job, [b"RPUSH", b"list", *(b"%d" % number for number in range(5000))])
    assert await stand.replies(job, [b"LPOP", b"list", b"300"]) == [[b"%d" % number for number in range(300)]]
    assert await stand.do(job, "LTRIM list 10 4000") == OK
    assert await stand.replies(job, [b"LINDEX", b"list", b"0"], [b"RPOP", b"list"]) == [b"310", b"4300"]
    assert await stand.replies(job, [b"LPUSH", b"list", b"x"], [b"LREM", b"list", b"0", b"2000"]) == [3991, 1]
    assert await stand.replies(job, [b"LINDEX", b"list", b"1690"], [b"LINDEX", b"list", b"1691"]) == [b"1999", b"2001"]
