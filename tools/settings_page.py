"""Writes `docs/settings.md`, the table of all settings, from the services' models. `--check` only compares."""

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from tisktask_common.process.settings import PREFIX, BusSettings, DatabaseSettings, Settings
from tisktask_ingest.settings import IngestSettings
from tisktask_logstream.settings import LogstreamSettings
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_reporter.settings import ReporterSettings
from tisktask_runner.settings import RunnerSettings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
SERVICES: dict[str, type[Settings]] = {
    "ingest": IngestSettings,
    "orchestrator": OrchestratorSettings,
    "runner": RunnerSettings,
    "reporter": ReporterSettings,
    "logstream": LogstreamSettings,
}
SHARED = {name: field for kind in (BusSettings, DatabaseSettings) for name, field in kind.model_fields.items()}
HEAD = """# Settings

Made from the services' settings models by `make schemas`. `tisktask up` sets what is needed; in a deployment they are
environment variables of each service. A secret `X` may also be given as `X_FILE`, the path of a file that holds it.
"""


def main() -> int:
    """Write the page if it is old; with --check say it and fail."""
    wanted = "\n".join(page())
    if PAGE.exists() and PAGE.read_text() == wanted:
        print("settings: the page matches the code")
        return 0
    if "--check" in sys.argv:
        print(f"docs/{PAGE.name} does not match the code; run `make schemas`")
        return 1
    PAGE.write_text(wanted)
    print("settings: wrote the page")
    return 0


def page() -> Iterator[str]:
    """Yield the page's lines."""
    yield HEAD
    yield from section("every service", {name: field for name, field in SHARED.items() if name != "listen"})
    for service, kind in SERVICES.items():
        own = {name: field for name, field in kind.model_fields.items() if name not in SHARED or name == "listen"}
        yield from section(service, own)


def section(title: str, fields: dict[str, FieldInfo]) -> Iterator[str]:
    """Yield one table."""
    yield f"## {title}\n"
    yield "| variable | default | meaning |"
    yield "|---|---|---|"
    for name, field in fields.items():
        yield f"| `{PREFIX}{name.upper()}` | {default(field)} | {field.description or ''} |"
    yield ""


def default(field: FieldInfo) -> str:
    """Say a default as one would set it."""
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "of the host"
    if isinstance(field.default, SecretStr):
        return f"`{field.default.get_secret_value()}`" if field.default.get_secret_value() else ""
    if field.default in (None, ""):
        return ""
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"


if __name__ == "__main__":
    sys.exit(main())
