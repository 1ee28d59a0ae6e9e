"""What a runner is told about its labels."""

import pytest
from pydantic import ValidationError

from tisktask_runner.settings import RunnerSettings


def labels_of(monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    monkeypatch.setenv("TISKTASK_LABELS", text)
    return RunnerSettings(runner="host").label_list


def test_labels_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert labels_of(monkeypatch, "gpu, arm64,,gpu,node-18.x,0_a ") == ["0_a", "arm64", "gpu", "node-18.x"]
    assert labels_of(monkeypatch, " ") == []


@pytest.mark.parametrize("text", ["GPU", "a b", "-a", "ä", "x" * 64, ",".join(f"l{n}" for n in range(33))])
def test_what_is_no_label_is_refused_at_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(ValidationError, match="label"):
        labels_of(monkeypatch, text)
