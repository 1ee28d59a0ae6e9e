"""Every row of the retry table, at a forge that answers so, while minutes of a test's own clock go by."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from forge import Drop, Flavour, Forge, Reply
from tisktask_reporter.status import StatusState

from .conftest import Site
from .test_pace import Bench, bench  # noqa: F401 - a fixture

MakeForge = Callable[..., Awaitable[Forge]]
RESET_SECONDS = 90


@dataclass(frozen=True)
class Row:
    """What a forge answers, and what comes of it."""

    name: str
    answer: Reply | Drop
    times: int = 1
    posts: int = 2
    outcome: str = "delivered"
    #: At least so long until it is tried again.
    after_seconds: float = 0
    #: At most.
    within_seconds: float = 100_000
    says: str = ""


def _limit(status: int, headers: dict[str, str], message: str = "slow down") -> Reply:
    return Reply(status, {"message": message}, headers)


def _refusal(status: int, message: str, **more: Any) -> Row:
    answer = Reply(status, {"message": message, **more})
    return Row(f"{status} {message}", answer, 99, posts=1, outcome="given_up", within_seconds=1, says=message)


ROWS = [
    Row("connection breaks off", Drop(), within_seconds=5),
    *[Row(str(status), Reply(status, {"message": ""}), within_seconds=5) for status in (500, 502, 503, 504)],
    *[Row(f"{status} thrice", Reply(status, None), 3, posts=4, within_seconds=60) for status in (500, 502, 503, 504)],
    Row("500 for ever", Reply(500, {"message": "x"}), 99, posts=6, outcome="given_up", within_seconds=1100, says="500"),
    Row("503 for an hour", Reply(503, {"message": "x"}), 70, posts=71, within_seconds=6000),
    Row("429 with seconds", _limit(429, {"Retry-After": "17"}), after_seconds=17, within_seconds=19),
    Row("429 without", _limit(429, {}), after_seconds=60, within_seconds=62),
    Row("429 thrice without", _limit(429, {}), 3, posts=4, after_seconds=60 + 120 + 240, within_seconds=430),
    Row("403 with seconds", _limit(403, {"Retry-After": "17"}), after_seconds=17, within_seconds=19),
    Row(
        "403, budget used up",
        _limit(403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "RESET"}),
        after_seconds=RESET_SECONDS,
        within_seconds=RESET_SECONDS + 2,
    ),
    Row("403 secondary", _limit(403, {}, "You have exceeded a secondary rate limit"), after_seconds=60),
    _refusal(401, "Bad credentials"),
    _refusal(403, "Resource not accessible by integration"),
    _refusal(403, "token does not have at least one of required scope(s): [write:repository]"),
    _refusal(403, "Repository was archived so is read-only."),
    _refusal(404, "Not Found"),
    *[_refusal(status, "no") for status in (400, 409, 410, 415, 422)],
    _refusal(422, "Validation Failed", errors=[{"field": "context", "code": "too_long"}]),
    Row(
        "422 unknown commit, once",
        Reply(422, {"message": "No commit found for SHA: 5f"}),
        after_seconds=5,
        within_seconds=7,
    ),
    Row(
        "422 unknown commit, twice",
        Reply(422, {"message": "No commit found for SHA: 5f"}),
        2,
        outcome="given_up",
        within_seconds=7,
        says="No commit found",
    ),
    *[
        Row(f"{status} within the forge", Reply(status, None, {"Location": "/repos/me/app/statuses/" + "5f" * 20}))
        for status in (301, 302, 307, 308)
    ],
    *[
        Row(
            f"{status} to elsewhere",
            Reply(status, None, {"Location": "https://evil.example/x"}),
            posts=1,
            outcome="given_up",
            says="evil.example",
        )
        for status in (301, 302, 307, 308)
    ],
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_an_answer_has_its_consequence(bench: Bench, site: Site, make_forge: MakeForge, row: Row) -> None:  # noqa: F811
    forge = await make_forge(Flavour.GITHUB)
    site.know(forge, forge.state.add_token("robot"))
    answer = row.answer
    if isinstance(answer, Reply) and answer.headers.get("X-RateLimit-Reset"):
        reset = str(int(bench.clock.timestamp()) + RESET_SECONDS)
        answer = Reply(answer.status, answer.body, {**answer.headers, "X-RateLimit-Reset": reset})
    forge.faults.add(answer, row.times)
    await bench.want("build", StatusState.SUCCESS)
    began, last = bench.clock.timestamp(), 0
    found: dict[str, Any] = {}
    while found.get("outcome") not in {"delivered", "given_up"}:
        await bench.deliver_until(lambda before=last: len(forge.posts) > before)
        last = len(forge.posts)
        found = await site.row()
    took = bench.clock.timestamp() - began
    assert (found["outcome"], len(forge.posts)) == (row.outcome, row.posts)
    assert row.after_seconds <= took <= row.within_seconds
    assert row.says in found["error"]
    shown = {one.state for one in forge.state.repository("me/app").statuses}
    assert shown == ({"success"} if row.outcome == "delivered" else set())
    # What was followed was posted again, not asked for.
    assert {one.method for one in forge.exchanges if "/statuses/" in one.path} == {"POST"}
