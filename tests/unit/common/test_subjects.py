"""Subjects and ids: safe for the bus, the same for the same thing."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tisktask_common.events import Change, Repository, RunnerJoined, TriggerReceived
from tisktask_common.ids import RepositoryId, TriggerId, new_run_id, trigger_id
from tisktask_common.subjects import CONSUMERS, STREAMS, event_subject, token


@given(st.text(max_size=40))
def test_any_text_becomes_one_token(text):
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", token(text))


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_two_texts_never_share_a_token(one, other):
    assert (token(one) == token(other)) == (one == other)


@pytest.mark.parametrize(
    ("full_name", "subject"),
    [
        ("acme/shop", "trigger.received.github.acme.shop"),
        ("acme/my.repo", "trigger.received.github.acme.my=2Erepo"),
        ("a*c/>", "trigger.received.github.a=2Ac.=3E"),
    ],
)
def test_an_events_subject_names_forge_owner_and_repository(full_name, subject):
    repository = Repository(id=RepositoryId("repo_1"), forge="github", full_name=full_name)
    change = Change(event="push", sha="a" * 40, ref="refs/heads/main")
    event = TriggerReceived(trigger_id=TriggerId("t"), repository=repository, delivery="d", change=change)
    assert event_subject(event) == subject


def test_a_runners_event_names_the_runner():
    assert event_subject(RunnerJoined(runner="host.example", slots=2)) == "runner.joined.host=2Eexample"


def test_every_consumer_has_a_stream_that_takes_its_subjects():
    streams = {stream.name: stream for stream in STREAMS}
    for consumer in CONSUMERS:
        nouns = {subject.split(".")[0] for subject in streams[consumer.stream].subjects}
        assert {subject.split(".")[0] for subject in consumer.filters} <= nouns


def test_a_trigger_has_the_same_id_whenever_it_is_delivered():
    one = trigger_id(RepositoryId("repo_1"), "d-1")
    assert one == trigger_id(RepositoryId("repo_1"), "d-1")
    assert len({one, trigger_id(RepositoryId("repo_1"), "d-2"), trigger_id(RepositoryId("repo_2"), "d-1")}) == 3


def test_ids_sort_by_the_time_of_their_making():
    ids = [new_run_id() for _ in range(3)]
    assert len(set(ids)) == 3
    assert ids[0][:14] <= ids[1][:14] <= ids[2][:14]
