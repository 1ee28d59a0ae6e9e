"""When silence of a runner counts."""

from tisktask_orchestrator.runners.hearing import Hearing


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def listen(hearing: Hearing, clock: Clock, seconds: int, *, can_hear: bool = True, reconnects: int = 0) -> None:
    for _ in range(seconds):
        clock.now += 1
        hearing.note(can_hear=can_hear, reconnects=reconnects)


def test_a_process_that_has_just_started_calls_nobody_lost() -> None:
    clock = Clock()
    hearing = Hearing(15, clock)
    assert not hearing.is_good()
    listen(hearing, clock, 10)
    assert not hearing.is_good()


def test_after_a_whole_lease_of_listening_silence_counts() -> None:
    clock = Clock()
    hearing = Hearing(15, clock)
    listen(hearing, clock, 17)
    assert hearing.is_good()


def test_an_outage_of_the_bus_begins_it_anew() -> None:
    clock = Clock()
    hearing = Hearing(15, clock)
    listen(hearing, clock, 17)
    listen(hearing, clock, 1, can_hear=False)
    assert not hearing.is_good()
    listen(hearing, clock, 15)
    assert not hearing.is_good()
    listen(hearing, clock, 2)
    assert hearing.is_good()


def test_a_reconnect_that_nobody_saw_begins_it_anew() -> None:
    clock = Clock()
    hearing = Hearing(15, clock)
    listen(hearing, clock, 17)
    listen(hearing, clock, 1, reconnects=1)
    assert not hearing.is_good()
    listen(hearing, clock, 16, reconnects=1)
    assert hearing.is_good()


def test_an_outage_of_the_database_begins_it_anew() -> None:
    clock = Clock()
    hearing = Hearing(15, clock)
    listen(hearing, clock, 17)
    hearing.lost()
    assert not hearing.is_good()


def test_a_machine_that_slept_has_heard_nothing() -> None:
    clock = Clock()
    hearing = Hearing(15, clock)
    listen(hearing, clock, 17)
    clock.now += 3600
    listen(hearing, clock, 1)
    assert not hearing.is_good()


def test_who_has_waited_long_for_the_database_since_the_last_look_has_heard_nothing_meanwhile() -> None:
    clock = Clock()
    hearing = Hearing(15, clock)
    listen(hearing, clock, 17)
    clock.now += 8
    assert not hearing.is_good()
    # Nor right after it: heartbeats need their time to come again.
    listen(hearing, clock, 15)
    assert not hearing.is_good()
    listen(hearing, clock, 2)
    assert hearing.is_good()
