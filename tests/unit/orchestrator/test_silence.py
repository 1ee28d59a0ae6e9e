"""How soon a silent host is called lost."""

from tisktask_orchestrator.service import _sweep_seconds
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_runner.heartbeat import PERIOD_SECONDS


def test_by_default_a_host_is_lost_within_15_seconds_and_may_miss_three_heartbeats() -> None:
    settings = OrchestratorSettings.model_construct()
    assert settings.lease_seconds + _sweep_seconds(settings) < 15
    assert settings.lease_seconds > 4 * PERIOD_SECONDS
