"""What `tisktask doctor` makes of the figures about what is kept."""

from tisktask_cli.diagnosis.retention import judge, read_metrics

NOW = 1_800_000_000.0
ORCHESTRATOR = {
    "tisktask_retention_last_round_timestamp_seconds": NOW - 60,
    "tisktask_runs_stored": 951.0,
    "tisktask_runs_old_but_needed": 0.0,
}
LOGSTREAM = {"tisktask_log_retention_last_round_timestamp_seconds": NOW - 60, "tisktask_log_stored_bytes": 12.5 * 2**20}


def test_what_is_well_is_said_with_its_figures() -> None:
    finding = judge({"orchestrator": ORCHESTRATOR, "logstream": LOGSTREAM}, NOW)
    assert (finding.level, finding.message) == ("ok", "951 runs, logs take 12.5 MiB")


def test_rounds_that_do_not_come_any_more_are_told() -> None:
    finding = judge({"orchestrator": ORCHESTRATOR, "logstream": LOGSTREAM}, NOW + 7200)
    assert finding.level == "warning"
    assert "orchestrator and logstream could not delete what is old for more than an hour" in finding.message


def test_old_runs_that_others_need_and_logs_above_their_limit_are_told() -> None:
    needed = judge({"orchestrator": ORCHESTRATOR | {"tisktask_runs_old_but_needed": 3.0}, "logstream": LOGSTREAM}, NOW)
    assert "3 old runs are kept because others need them" in needed.message
    above = judge(
        {"orchestrator": ORCHESTRATOR, "logstream": LOGSTREAM | {"tisktask_log_bytes_above_max": 2048.0}}, NOW
    )
    assert "2.0 KiB above their limit" in above.message


def test_a_service_that_does_not_answer_is_named() -> None:
    assert "logstream does not tell" in judge({"orchestrator": ORCHESTRATOR, "logstream": None}, NOW).message


def test_metrics_without_labels_are_read() -> None:
    text = '# HELP a b\na 1.5\nb{c="d"} 2\ntisktask_x_total 3e+02\n'
    assert read_metrics(text) == {"a": 1.5, "tisktask_x_total": 300.0}
