"""One connection: reads while commands are carried out, replies in order, notices at once when its client is gone."""

import asyncio
import select
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from time import perf_counter
from typing import Protocol, cast

import structlog
from prometheus_client import Counter, Gauge

from tisktask_common.resp import Reply, encode
from tisktask_runner.jobsocket import words
from tisktask_runner.jobsocket.command import Session
from tisktask_runner.jobsocket.execution import BATCH_COMMANDS, Execution, Rules
from tisktask_runner.jobsocket.reading import CommandReader, Refusal, Request

log = structlog.get_logger()

#: So long one client is served without looking after the others.
_SLICE_SECONDS = 0.002
#: While nothing is read from a client, its end does not show by itself.
_HANGUP_POLL_SECONDS = 1.0
#: What a waiting command weighs besides its bytes.
_OBJECT_BYTES = 64

connections_open = Gauge("tisktask_socket_connections", "Open connections of jobs' sockets")
connections_dropped = Counter(
    "tisktask_socket_connections_dropped_total", "Connections of jobs' sockets that were closed by us", ["reason"]
)


class House(Protocol):
    """The socket that a connection belongs to."""

    #: Shared by all connections: what was read into it is taken out before anybody else reads.
    buffer: memoryview

    def let_in(self, connection: "Connection") -> bool:
        """Take it in; False: there are too many."""
        ...

    def see_off(self, connection: "Connection") -> None:
        """Its client is gone."""
        ...


class Connection(asyncio.BufferedProtocol):
    """Between one client and the commands."""

    def __init__(self, rules: Rules, session: Session, house: House) -> None:
        self.session = session
        self._house = house
        self.work: asyncio.Task[None] | None = None
        self._limits = rules.limits
        self._reader = CommandReader(rules.limits)
        self._execution = Execution(rules, session)
        self._pending: deque[Request] = deque()
        self._pending_bytes = 0
        self._is_reading = True
        #: The client says nothing more; it may wait for replies still.
        self._is_half_closed = False
        self._output_has_room = asyncio.Event()
        self._output_has_room.set()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(self._limits.output_bytes)
        self.session.push = self._push
        connections_open.inc()
        if not self._house.let_in(self):
            connections_dropped.labels("too many").inc()
            self._write([words.too_many_connections(self._limits)])
            self._close_gently()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - part of the interface
        return self._house.buffer

    def buffer_updated(self, nbytes: int) -> None:
        requests = self._reader.feed(self._house.buffer[:nbytes])
        if not self.work:
            requests = self._answer_at_once(requests)
        if requests:
            self._put_off(requests)

    def eof_received(self) -> bool:
        r"""Keep a connection on which replies are awaited still (`printf 'EXECJOB lint\r\n' | nc -U -N ...`)."""
        if self.work:
            self._is_half_closed = True
            self._watch_for_hangup()
        else:
            self._close_gently()
        return True

    def pause_writing(self) -> None:
        self._output_has_room.clear()
        self._start_timer("output", self._limits.output_seconds, lambda: self._drop("does not read its replies"))

    def resume_writing(self) -> None:
        self._output_has_room.set()
        self._stop_timer("output")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        connections_open.dec()
        for timer in self._timers.values():
            timer.cancel()
        if self.work:
            self.work.cancel()
        self._pending.clear()
        self._house.see_off(self)
        self.session.let_go()

    def abort(self) -> None:
        """Close it at once, whatever is under way."""
        self._transport.abort()

    # Commands.

    def _answer_at_once(self, requests: list[Request]) -> list[Request]:
        """Answer those that need no waiting, until one does; the rest is returned."""
        replies: list[bytes] = []
        ends_at = perf_counter() + _SLICE_SECONDS
        done = 0
        for request in requests:
            if not self._output_has_room.is_set() or perf_counter() > ends_at:
                break
            if not (reply := self._execution.answer_at_once(request)):
                break
            done += 1
            replies.append(encode(reply[0], self.session.protocol))
            if self._is_last(request):
                self._transport.write(b"".join(replies))
                self._close_gently()
                return []
        if replies:
            self._transport.write(b"".join(replies))
        return requests[done:]

    def _put_off(self, requests: list[Request]) -> None:
        """Let them be carried out in their order; with too many of them, read no more until some are done."""
        self._pending.extend(requests)
        self._pending_bytes += sum(map(_weight, requests))
        if not self.work and not self._transport.is_closing():
            self.work = asyncio.create_task(self._work_off(), name=f"socket-{self.session.id}")
        if self._is_crowded() and self._is_reading:
            self._is_reading = False
            self._transport.pause_reading()
            self._watch_for_hangup()

    async def _work_off(self) -> None:
        try:
            while self._pending and not self._transport.is_closing():
                await self._output_has_room.wait()
                await self._work_off_some()
                self._read_on()
        except Exception:
            log.exception("socket_connection_broken")
            self._drop("broken")
        self.work = None
        if self._is_half_closed:
            self._close_gently()

    async def _work_off_some(self) -> None:
        left = self._answer_at_once(first := list(islice(self._pending, BATCH_COMMANDS)))
        if self._transport.is_closing():
            return
        if len(left) < len(first):
            self._take(len(first) - len(left))
            # The others have their turn in between.
            await asyncio.sleep(0)
        elif count := self._execution.batch_length(first):
            self._write(await self._execution.answer_batch(self._take(count)))
        else:
            self._write([await self._execution.answer(self._take(1)[0])])

    def _take(self, count: int) -> list[Request]:
        taken = [self._pending.popleft() for _ in range(count)]
        self._pending_bytes -= sum(map(_weight, taken))
        return taken

    def _is_last(self, request: Request) -> bool:
        return self.session.is_leaving or (isinstance(request, Refusal) and request.is_last)

    def _is_crowded(self) -> bool:
        return len(self._pending) >= self._limits.pending_commands or self._pending_bytes >= self._limits.pending_bytes

    def _read_on(self) -> None:
        if not self._is_reading and not self._is_crowded() and not self._transport.is_closing():
            self._is_reading = True
            self._stop_timer("hangup")
            self._transport.resume_reading()

    # Output and the end.

    def _write(self, replies: Iterable[Reply]) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"".join(encode(reply, self.session.protocol) for reply in replies))

    def _push(self, reply: Reply) -> None:
        self._write([reply])
        # Nobody holds back what others say, so a listener has to keep up.
        if self._transport.get_write_buffer_size() > self._limits.output_bytes:
            self._drop("does not read its messages")

    def _close_gently(self) -> None:
        """Close when the replies are read, but do not wait for that for ever."""
        if not self._transport.is_closing():
            self._transport.close()
            self._start_timer("close", self._limits.output_seconds, self._transport.abort)

    def _drop(self, reason: str) -> None:
        log.warning("socket_connection_dropped", connection=self.session.id, reason=reason)
        connections_dropped.labels(reason).inc()
        self._transport.abort()

    def _watch_for_hangup(self) -> None:
        """Nothing is read now: look now and then whether the client is there."""
        if self._is_hung_up():
            self._transport.abort()
        else:
            self._start_timer("hangup", _HANGUP_POLL_SECONDS, self._watch_for_hangup)

    def _is_hung_up(self) -> bool:
        """Tell a client that is gone from one that only says nothing more."""
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in poll.poll(0))

    def _start_timer(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        self._stop_timer(name)
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, action)

    def _stop_timer(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()


def _weight(request: Request) -> int:
    return _OBJECT_BYTES if isinstance(request, Refusal) else sum(map(len, request)) + _OBJECT_BYTES * len(request)
