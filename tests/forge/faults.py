"""What goes wrong on demand: answers that fail, hang or break off, and limits of the rate of requests."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.rules import Call, Reply
from forge.state import Flavour

GRACE_SECONDS = 0.5


@dataclass(frozen=True)
class Hang:
    """No answer for so long."""

    seconds: float


@dataclass(frozen=True)
class Drop:
    """The connection breaks off: before anything happened, or after the status was stored."""

    after_effect: bool = False


Fault = Reply | Hang | Drop


@dataclass
class FaultPlan:
    """Faults for the next requests that change something, in order; every one is used once, None is none."""

    coming: list[Fault | None] = field(default_factory=list)
    #: The same for requests for an App's token.
    for_apps: list[Fault] = field(default_factory=list)
    #: The same for questions about people and pull requests.
    for_questions: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault | None, times: int = 1) -> None:
        self.coming.extend([fault] * times)

    def next(self, call: Call) -> Fault | None:
        if call.method == "GET" and re.search(r"/permission$|/pulls(/\d+)?$", call.path):
            return self.for_questions.pop(0) if self.for_questions else None
        if call.method not in {"POST", "PATCH", "DELETE"}:
            return None
        coming = self.for_apps if call.path.endswith("/access_tokens") else self.coming
        return coming.pop(0) if coming else None


@dataclass
class RateLimit:
    """Lets `requests` POSTs of one token through in `seconds`, then tells it to wait until that time is over."""

    requests: int
    seconds: float
    status: int = 429
    #: GitHub's primary limit tells its budget, its secondary one and proxies say `Retry-After`.
    tells_budget: bool = False
    #: How many requests came although their token had been told to wait.
    impatient: int = 0
    #: The time of the forge, if a test has a clock of its own.
    clock: Callable[[], float] = time.time
    _taken: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _told_at: dict[str, float] = field(default_factory=dict)
    _told_until: dict[str, float] = field(default_factory=dict)

    def check(self, flavour: Flavour, call: Call) -> Reply | None:
        if call.method not in {"POST", "PATCH"} or call.path.endswith("/access_tokens"):
            return None
        who, now = call.headers.get("authorization", ""), self.clock()
        # Some grace for what was under way when the token was told.
        if self._told_until.get(who, 0) > now > self._told_at.get(who, now) + GRACE_SECONDS:
            self.impatient += 1
        taken = self._taken[who] = [at for at in self._taken[who] if at > now - self.seconds]
        if len(taken) < self.requests:
            taken.append(now)
            return None
        return self._tell(flavour, who, now, taken[0] + self.seconds)

    def _tell(self, flavour: Flavour, who: str, now: float, until: float) -> Reply:
        seconds = max(1, int(until - now) + 1)
        self._told_at[who], self._told_until[who] = now, now + seconds
        message = "You have exceeded a secondary rate limit" if flavour is Flavour.GITHUB else "Too many requests"
        headers = {"Retry-After": str(seconds)}
        if self.tells_budget:
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(now) + seconds + 1)}
        return Reply(self.status, {"message": message}, headers)
