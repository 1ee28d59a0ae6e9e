"""Makes commands of the bytes that a client sends. Pure.

hiredis makes lists as long as a client claims them to be (`*4000000000`), so it is given whole commands only, whose
lengths were walked along here before and are within the limits. What exceeds the limits is dropped as it comes, and the
connection goes on; what is not the protocol at all ends it, as with Redis.
"""

from dataclasses import dataclass
from typing import TypeAlias

import hiredis

from tisktask_common.resp import Failure
from tisktask_runner.jobsocket import words
from tisktask_runner.jobsocket.inline import UnbalancedQuotesError, split_inline
from tisktask_runner.jobsocket.limits import SocketLimits

LINE_BYTES_MAX = 64 * 1024
#: A length has ten digits at most, and its sign.
_LENGTH_LINE_BYTES_MAX = 32
#: Redis's own limits: who claims more speaks another protocol.
_ARGUMENTS_CLAIMED_MAX = 1024 * 1024
_BYTES_CLAIMED_MAX = 512 * 1024 * 1024


@dataclass(frozen=True)
class Refusal:
    """A command that is answered with an error instead of being looked up."""

    failure: Failure
    #: Nothing that follows can be understood.
    is_last: bool = False


Request: TypeAlias = "list[bytes] | Refusal"


class CommandReader:
    """Of one connection. After a refusal that is the last, `feed` returns nothing more."""

    def __init__(self, limits: SocketLimits) -> None:
        self._limits = limits
        self._parser = hiredis.Reader()
        self._buffer = bytearray()
        #: Where the walk stands in the buffer. Inside of an argument it is its end, which may not have come yet.
        self._walked = 0
        self._is_in_argument = False
        #: Of the command that is walked along: where it begins, and what is known of it.
        self._start = 0
        self._arguments = 0
        self._arguments_left = 0
        self._size = 0
        self._refusal: Failure | None = None
        self._is_broken = False

    def feed(self, data: bytes | memoryview) -> list[Request]:
        """Take what has come; the commands that are complete now, in order."""
        requests: list[Request] = []
        if self._is_broken:
            return requests
        self._buffer += data
        try:
            while self._walk(requests):
                pass
        except _ProtocolError as error:
            self._is_broken = True
            self._buffer.clear()
            requests.append(Refusal(words.protocol_error(str(error)), is_last=True))
            return requests
        self._forget_done()
        return requests

    def _walk(self, requests: list[Request]) -> bool:
        """Go one step; False: more bytes must come before."""
        if self._arguments_left:
            if not self._walk_argument():
                return False
            if not self._arguments_left:
                requests.append(self._take_command())
            return True
        if self._walked >= len(self._buffer):
            return False
        if self._buffer[self._walked] == 0x2A:  # "*"
            return self._walk_count()
        return self._walk_line(requests)

    def _walk_count(self) -> bool:
        count = self._length("multibulk", _ARGUMENTS_CLAIMED_MAX, least=-(2**31))
        if count is None:
            return False
        if count <= 0:
            # Redis passes over empty commands.
            self._start = self._walked
            return True
        self._arguments = self._arguments_left = count
        if count > self._limits.arguments:
            self._refusal = words.too_many_arguments(count, self._limits)
        return True

    def _walk_argument(self) -> bool:
        if not self._is_in_argument:
            if self._walked >= len(self._buffer):
                return False
            if (sign := self._buffer[self._walked]) != 0x24:  # "$"
                raise _ProtocolError(f"expected '$', got {chr(sign)!r}")
            length = self._length("bulk", _BYTES_CLAIMED_MAX, least=0)
            if length is None:
                return False
            self._note_size(length)
            self._is_in_argument = True
            self._walked += length
        end = self._walked + 2
        if len(self._buffer) < end:
            return False
        if not self._buffer.startswith(b"\r\n", self._walked):
            raise _ProtocolError("an argument is longer than it says")
        self._walked = end
        self._is_in_argument = False
        self._arguments_left -= 1
        return True

    def _length(self, what: str, most: int, *, least: int) -> int | None:
        """Read the line `*3` or `$3`; None: it has not come as a whole."""
        end = self._buffer.find(b"\r\n", self._walked, self._walked + _LENGTH_LINE_BYTES_MAX + 2)
        if end < 0:
            if len(self._buffer) - self._walked > _LENGTH_LINE_BYTES_MAX:
                raise _ProtocolError(f"too big {what} count string")
            return None
        digits = bytes(self._buffer[self._walked + 1 : end])
        number = int(digits) if digits.removeprefix(b"-").isdigit() else None
        # hiredis takes numbers in their shortest form only, as Redis does.
        if number is None or b"%d" % number != digits or not least <= number <= most:
            raise _ProtocolError(f"invalid {what} length")
        self._walked = end + 2
        return number

    def _note_size(self, length: int) -> None:
        self._size += length
        if self._refusal:
            return
        if length > self._limits.argument_bytes:
            number = self._arguments - self._arguments_left
            self._refusal = words.argument_too_large(number, length, self._limits)
        elif self._size > self._limits.command_bytes:
            self._refusal = words.command_too_large(self._size, self._limits)

    def _take_command(self) -> Request:
        start, refusal = self._start, self._refusal
        self._start, self._size, self._refusal = self._walked, 0, None
        if refusal:
            return Refusal(refusal)
        self._parser.feed(bytes(memoryview(self._buffer)[start : self._walked]))
        return self._parser.gets()

    def _walk_line(self, requests: list[Request]) -> bool:
        end = self._buffer.find(b"\n", self._walked, self._walked + LINE_BYTES_MAX)
        if end < 0:
            if len(self._buffer) - self._walked >= LINE_BYTES_MAX:
                raise _ProtocolError("too big inline request")
            return False
        line = bytes(self._buffer[self._walked : end])
        self._start = self._walked = end + 1
        try:
            arguments = split_inline(line.removesuffix(b"\r"))
        except UnbalancedQuotesError as error:
            raise _ProtocolError("unbalanced quotes in request") from error
        if len(arguments) > self._limits.arguments:
            requests.append(Refusal(words.too_many_arguments(len(arguments), self._limits)))
        elif arguments:
            requests.append(arguments)
        return True

    def _forget_done(self) -> None:
        """Drop the bytes of commands that were taken, and those of one that is refused."""
        done = min(self._walked, len(self._buffer)) if self._refusal else self._start
        if done:
            del self._buffer[:done]
            self._walked -= done
            self._start = 0


class _ProtocolError(Exception):
    """What came is not the protocol."""
