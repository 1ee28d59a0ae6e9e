"""When which part is killed or paused: made of a seed, so that what went wrong once can be tried again. Pure."""

import random
from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """What can be hit."""

    INGEST = "ingest"
    ORCHESTRATOR = "orchestrator"
    RUNNER_1 = "runner-1"
    RUNNER_2 = "runner-2"
    REPORTER = "reporter"
    LOGSTREAM = "logstream"
    NATS = "nats-server"
    POSTGRES = "postgres"
    POSTGRES_SESSION = "postgres session"
    ENGINE = "podman service"


RUNNERS = frozenset({Part.RUNNER_1, Part.RUNNER_2})
#: Those through whom leases are kept; the first long pause is always a runner's.
_STAND_STILL = (*sorted(RUNNERS), Part.ORCHESTRATOR, Part.NATS, Part.POSTGRES)
LEASE_SECONDS = 15.0
#: The first runs are under way then.
_QUIET_SECONDS = 3.0
_GAP_SECONDS = (1.5, 4.5)
_PAUSE_SECONDS = (2.0, 6.0)
_PAUSE_SHARE = 0.25
#: Of these there is one in each so many seconds, and at least one.
_LONG_PAUSE_EVERY_SECONDS = 60.0
_LONG_PAUSE_SECONDS = (LEASE_SECONDS + 2, LEASE_SECONDS + 5)
#: While both runners of the host are away, nobody holds its leases: that is another story than a death.
_RUNNERS_APART_SECONDS = 8.0


@dataclass(frozen=True, order=True)
class Blow:
    """One process is killed, or stands still for some time."""

    at: float
    part: Part
    #: 0: it is killed.
    pause_seconds: float = 0

    @property
    def is_kill(self) -> bool:
        return self.pause_seconds == 0

    @property
    def ends_at(self) -> float:
        return self.at + self.pause_seconds

    def __str__(self) -> str:
        what = "kill" if self.is_kill else f"pause {self.pause_seconds:.1f} s"
        return f"{self.at:6.1f} {what} {self.part}"


def plan(seed: int, seconds: float) -> list[Blow]:
    """Plan all blows: every part is killed at least once, if there is time; a runner is paused past its lease."""
    chance = random.Random(seed)
    blows = _long_pauses(chance, seconds)
    coming: list[Part] = []
    at = _QUIET_SECONDS
    while at < seconds:
        if not coming:
            coming = chance.sample(list(Part), len(Part))
        part = next((one for one in coming if not _is_alone(blows, one, at)), None)
        if part is not None:
            coming.remove(part)
            blows.append(Blow(at, part))
            if chance.random() < _PAUSE_SHARE:
                blows += _pause(chance, blows, at + chance.uniform(0.2, 1.0))
        at += chance.uniform(*_GAP_SECONDS)
    return sorted(blows)


def _long_pauses(chance: random.Random, seconds: float) -> list[Blow]:
    count = max(1, int(seconds / _LONG_PAUSE_EVERY_SECONDS))
    each = seconds / count
    return [
        Blow(
            number * each + chance.uniform(0.1, 0.4) * each,
            chance.choice(_STAND_STILL if number else sorted(RUNNERS)),
            chance.uniform(*_LONG_PAUSE_SECONDS),
        )
        for number in range(count)
    ]


def _pause(chance: random.Random, blows: list[Blow], at: float) -> list[Blow]:
    part = chance.choice(list(Part))
    return [] if _is_alone(blows, part, at) else [Blow(at, part, chance.uniform(*_PAUSE_SECONDS))]


def _is_alone(blows: list[Blow], part: Part, at: float) -> bool:
    """Tell whether this is a runner that the host needs, or that stands still already."""
    others = [one for one in blows if one.part in RUNNERS and (one.part != part or not one.is_kill)]
    return part in RUNNERS and any(
        one.at - _RUNNERS_APART_SECONDS < at < one.ends_at + _RUNNERS_APART_SECONDS for one in others
    )
