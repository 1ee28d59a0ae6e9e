"""What the reporter accepts as settings."""

import pytest
from pydantic import ValidationError

from tisktask_reporter.settings import ReporterSettings


def test_it_needs_no_settings() -> None:
    settings = ReporterSettings()
    assert (settings.listen, settings.public_url) == ("127.0.0.1:4004", "http://127.0.0.1:4000")


def test_the_public_address_comes_from_the_environment_without_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TISKTASK_PUBLIC_URL", "https://ci.example.com/sub/")
    assert ReporterSettings().public_url == "https://ci.example.com/sub"


@pytest.mark.parametrize("url", ["ci.example.com", "ftp://ci.example.com", "javascript:alert(1)", "", "https://"])
def test_a_public_address_that_forges_would_refuse_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="http"):
        ReporterSettings(public_url=url)
