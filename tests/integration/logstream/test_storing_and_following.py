"""Logs from the bus to the disk and to viewers, through a real process."""

import asyncio
import random
import re

from logstream_chunks import START_US, Sender, make_chunk, make_chunks, numbered
from logstream_records import Records
from logstream_stand import Client, Event, assert_all_lines_once, collect, until, whole_lines
from tisktask_common.bus.connection import Bus
from tisktask_common.log_chunk import LogChunk


async def test_a_log_is_stored_as_written_and_told_line_by_line(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    run = records.add_run()
    job = records.add_job(run)
    text = b"".join(b"line %d \x1b[32mgreen\x1b[0m\n" % number for number in range(1, 2001)) + b"no break at the end"
    await Sender(shared_bus, run, job).send(*make_chunks(text, 7000))
    events = await collect(client, job)
    assert whole_lines(events)[:2] == [(1, "line 1 \x1b[32mgreen\x1b[0m"), (2, "line 2 \x1b[32mgreen\x1b[0m")]
    assert [number for number, _ in whole_lines(events)] == list(range(1, 2002))
    assert events[-1] == Event("end", "2001", {"total": 2001, "complete": True, "truncated": False, "gaps": []})
    async with client.http.get(f"/api/v1/jobs/{job}/log") as answer:
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content_length == len(text)
        assert await answer.read() == text

    async def is_recorded() -> bool:
        rows = records.execute("SELECT lines, bytes, is_complete FROM logstream.logs WHERE job = %s", job)
        return rows == [(2001, len(text), True)]

    async def is_purged() -> bool:
        state = (await shared_bus.jetstream.stream_info("LOGS", subjects_filter=f"log.*.{run}.>")).state
        return not state.subjects

    await until(is_recorded)
    await until(is_purged)


async def test_lines_are_live_also_for_who_was_there_before_the_first(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run(), state="queued")
    sender = Sender(shared_bus, run, job)
    stream = client.events(f"/api/v1/jobs/{job}/log/stream")
    first = asyncio.ensure_future(anext(stream))
    await sender.write(b"par", 0)
    event = await asyncio.wait_for(first, 10)
    assert (event.id, event.data["lines"][0]["text"], event.data["lines"][0]["partial"]) == ("0", "par", True)
    await sender.write(b"tial\nnext\n", 3)
    event = await asyncio.wait_for(anext(stream), 10)
    assert event.id == "2"
    assert [(line["n"], line["text"]) for line in event.data["lines"]] == [(1, "partial"), (2, "next")]
    assert event.data["lines"][0]["t"] == START_US // 1000
    await stream.aclose()


async def test_repeated_overlapping_and_early_chunks_are_stored_once(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    text = numbered(3000)
    chunks = make_chunks(text, 5000) + make_chunks(text, 3333, ends=False) + make_chunks(text, 7001, ends=False)
    random.Random(7).shuffle(chunks)
    await Sender(shared_bus, run, job).send(*chunks)
    assert_all_lines_once(await collect(client, job), 3000)
    async with client.http.get(f"/api/v1/jobs/{job}/log") as answer:
        assert await answer.read() == text


async def test_missing_bytes_are_shown_as_a_gap_and_do_not_block(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    await Sender(shared_bus, run, job).send(
        make_chunk(0, b"one\n"), make_chunk(1004, b"after\n"), LogChunk(1010, is_last=True)
    )
    events = await collect(client, job)
    assert [(event.kind, event.id) for event in events] == [("line", "1"), ("gap", "2"), ("line", "3"), ("end", "3")]
    assert events[1].data["missing_bytes"] == 1000
    assert events[3].data["gaps"] == [{"n": 2, "missing_bytes": 1000}]
    page = await client.get(f"/api/v1/jobs/{job}/log", from_line=1)
    assert [(line["s"], line["text"]) for line in page["lines"]] == [
        ("stdout", "one"),
        ("gap", ""),
        ("stdout", "after"),
    ]
    assert page["gaps"] == [{"n": 2, "missing_bytes": 1000}]


async def test_a_host_can_not_write_into_the_log_of_anothers_job(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    await Sender(shared_bus, run, job, runner="intruder").send(make_chunk(0, b"false\n", is_last=True))
    await Sender(shared_bus, run, job, sent=100).send(make_chunk(0, b"true\n", is_last=True))
    assert whole_lines(await collect(client, job)) == [(1, "true")]
    assert re.search(r'outcome="refused"} [1-9]', await (await client.http.get("/metrics")).text())


async def test_200_viewers_of_one_log_all_get_every_line_once_in_order(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    sender = Sender(shared_bus, run, job)
    text = numbered(2000)
    await sender.write(text[:100], 0)
    viewers = [asyncio.create_task(collect(client, job)) for _ in range(200)]

    async def all_are_there() -> bool:
        return "tisktask_viewers 200.0" in await (await client.http.get("/metrics")).text()

    await until(all_are_there)
    await sender.send(*(make_chunk(at, text[at : at + 999]) for at in range(100, len(text), 999)))
    await sender.send(LogChunk(len(text), is_last=True))
    for events in await asyncio.gather(*viewers):
        assert_all_lines_once(events, 2000)


async def test_a_viewer_who_comes_back_goes_on_exactly_behind_the_last_line(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    text = numbered(5000)
    sending = asyncio.create_task(Sender(shared_bus, run, job).send(*make_chunks(text, 1500)))
    choose, got, last_id, ended = random.Random(11), [], None, False
    while not ended:
        stream = client.events(f"/api/v1/jobs/{job}/log/stream", last_id)
        for _ in range(choose.randint(1, 4)):
            event = await anext(stream)
            got.append(event)
            last_id = int(event.id)
            if event.kind == "end":
                ended = True
                break
        await stream.aclose()
    await sending
    assert_all_lines_once(got, 5000)


async def test_a_log_that_never_began_ends_for_its_viewers(client: Client, records: Records) -> None:
    job = records.add_job(records.add_run(), state="cancelled", runner=None)
    assert (await collect(client, job)) == [
        Event("end", "0", {"total": 0, "complete": False, "truncated": False, "gaps": []})
    ]


async def test_bytes_that_are_not_text_are_kept_raw_and_shown_replaced(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    job = records.add_job(run := records.add_run())
    text = b'caf\xe9 \x00\x1b[1m \r\n\xff\xfe\ntab\t"quote" \\ \xe2\x80\xa8 end\n'
    await Sender(shared_bus, run, job).send(make_chunk(0, text, is_last=True))
    lines = whole_lines(await collect(client, job))
    assert lines == [(1, "caf\ufffd \x00\x1b[1m \r"), (2, "\ufffd\ufffd"), (3, 'tab\t"quote" \\ \u2028 end')]
    async with client.http.get(f"/api/v1/jobs/{job}/log") as answer:
        assert await answer.read() == text


async def test_a_line_of_5_mib_is_told_in_bounded_pieces(shared_bus: Bus, client: Client, records: Records) -> None:
    job = records.add_job(run := records.add_run())
    text = b"x" * (5 * 1024 * 1024) + b"\n"
    await Sender(shared_bus, run, job).send(*make_chunks(text, 250_000))
    pieces = [text for _, text in whole_lines(await collect(client, job))]
    assert max(map(len, pieces)) == 64 * 1024
    assert "".join(pieces).encode() == text[:-1]
