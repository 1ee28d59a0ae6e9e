"""Tests that the job runs."""

from greeting import greet


def test_greets_by_name() -> None:
    assert greet("world") == "Hello, world!"
