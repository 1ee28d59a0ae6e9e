"""Settings come from the environment, secrets also from files."""

import pytest
from pydantic import SecretStr, ValidationError

from tisktask_common.errors import UserError
from tisktask_common.process.settings import BusSettings, DatabaseSettings


def test_values_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("TISKTASK_NATS_URL", "nats://bus:4222")
    assert BusSettings().nats_url == "nats://bus:4222"


def test_a_secret_comes_from_a_file_without_its_last_newline(monkeypatch, tmp_path):
    (tmp_path / "seed").write_text("SUABC\n")
    monkeypatch.setenv("TISKTASK_NATS_SEED_FILE", str(tmp_path / "seed"))
    assert BusSettings().nats_seed == SecretStr("SUABC")


def test_a_secret_file_that_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("TISKTASK_NATS_SEED_FILE", "/nowhere/seed")
    with pytest.raises(UserError, match="TISKTASK_NATS_SEED_FILE: /nowhere/seed: No such file"):
        BusSettings()


def test_a_secret_is_not_printed():
    assert "pw" not in repr(DatabaseSettings(database_url=SecretStr("postgresql://u:pw@host/db")))


def test_settings_can_not_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        BusSettings().nats_url = "x"
