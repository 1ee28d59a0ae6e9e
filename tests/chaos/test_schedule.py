"""The plan of blows."""

import pytest

from chaos.schedule import LEASE_SECONDS, RUNNERS, Part, plan


def test_a_seed_gives_the_same_plan_each_time():
    assert plan(7, 300) == plan(7, 300)
    assert plan(7, 300) != plan(8, 300)


@pytest.mark.parametrize("seed", range(20))
def test_in_minutes_every_part_is_killed_and_a_runner_is_paused_past_its_lease(seed):
    blows = plan(seed, 300)
    assert {blow.part for blow in blows if blow.is_kill} == set(Part)
    assert any(blow.part in RUNNERS and blow.pause_seconds > LEASE_SECONDS for blow in blows)


@pytest.mark.parametrize("seed", range(20))
def test_one_of_the_two_runners_is_always_left_alone(seed):
    blows = [blow for blow in plan(seed, 300) if blow.part in RUNNERS]
    for one in blows:
        others = [other for other in blows if other.part != one.part]
        assert not any(other.at <= one.ends_at and one.at <= other.ends_at for other in others)
