"""Logs from the bus to the disk and to viewers, through a real process."""

from logstream_chunks import Sender, make_chunks
from logstream_records import Records
from logstream_stand import Client, Event, Logstream, until
from tisktask_common.bus.connection import Bus


async def collect(client: Client, job: str, last_id: int | None = None) -> list[Event]:
    return [event async for event in client.events(f"/api/v1/jobs/{job}/log/stream", last_id)]


def whole_lines(events: list[Event]) -> list[tuple[int, str]]:
    return [
        (line["n"], line["text"])
        for event in events
        if event.kind == "line"
        for line in event.data["lines"]
        if not line["partial"]
    ]


async def test_a_log_is_stored_as_written_and_told_line_by_line(
    bus: Bus, logstream: Logstream, client: Client, records: Records
) -> None:
    run = records.add_run()
    job = records.add_job(run)
    text = b"".join(b"line %d \x1b[32mgreen\x1b[0m\n" % number for number in range(1, 2001)) + b"no break at the end"
    await Sender(bus, run, job).send(*make_chunks(text, 7000))
    events = await collect(client, job)
    assert whole_lines(events)[:2] == [(1, "line 1 \x1b[32mgreen\x1b[0m"), (2, "line 2 \x1b[32mgreen\x1b[0m")]
    assert [number for number, _ in whole_lines(events)] == list(range(1, 2002))
    assert events[-1] == Event("end", "2001", {"total": 2001, "complete": True, "truncated": False, "gaps": []})
    async with client.http.get(f"/api/v1/jobs/{job}/log") as answer:
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.content_length == len(text)
        assert await answer.read() == text

    async def is_recorded() -> bool:
        rows = records.execute("SELECT lines, bytes, is_complete FROM logstream.logs")
        return rows == [(2001, len(text), True)]

    async def is_purged() -> bool:
        return (await bus.jetstream.stream_info("LOGS")).state.messages == 0

    await until(is_recorded)
    await until(is_purged)
