"""Whose log is asked for."""

from tisktask_cli.log_follow import LogOf


def test_only_what_was_named_is_asked_for() -> None:
    assert LogOf("job_1").query == {}
    assert LogOf("job/1", 2, "postgres").query == {"attempt": "2", "container": "postgres"}
    assert LogOf("job/1").path == "/jobs/job%2F1/log"
