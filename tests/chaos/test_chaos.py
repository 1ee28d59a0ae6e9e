"""Nothing lost: whatever dies, and whenever, every run comes to its one right end."""

import os
import random

import pytest

from chaos.campaign import SETTLE_SECONDS, run_campaign
from chaos.schedule import Part

#: Whoever starts the tests says how long, and may say which seed is to be tried again.
SECONDS = float(os.environ.get("TISKTASK_CHAOS_SECONDS", "300"))
SEED = int(os.environ.get("TISKTASK_CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
_SHORT_SECONDS = 45
_SHORT_SEED = 1
#: Seeds that have found something, and for how many seconds. What they found has tests of its own, too.
_FAILED = ((1, 9), (4711, 100), (7, 300))
#: Start, rest, checks and the end of the stack.
_MORE_SECONDS = SETTLE_SECONDS + 200


@pytest.mark.timeout(_SHORT_SECONDS + _MORE_SECONDS)
def test_nothing_is_lost_when_everything_is_killed(project, storage):
    verdict = run_campaign(project, storage, _SHORT_SEED, _SHORT_SECONDS)
    print(verdict.table())
    assert verdict.violations == []
    assert verdict.striker.kills.keys() == set(Part)


@pytest.mark.chaos
@pytest.mark.timeout(SECONDS + _MORE_SECONDS)
def test_nothing_is_lost_for_minutes_of_chaos(project, storage):
    print(f"\nTISKTASK_CHAOS_SEED={SEED}", flush=True)
    verdict = run_campaign(project, storage, SEED, SECONDS)
    print(verdict.table())
    assert verdict.violations == []


@pytest.mark.chaos
@pytest.mark.timeout(max(seconds for _, seconds in _FAILED) + _MORE_SECONDS)
@pytest.mark.parametrize(("seed", "seconds"), _FAILED)
def test_what_was_lost_once_is_not_lost_again(project, storage, seed, seconds):
    verdict = run_campaign(project, storage, seed, seconds)
    print(verdict.table())
    assert verdict.violations == []
