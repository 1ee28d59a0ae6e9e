"""Settings from the environment: `TISKTASK_<NAME>`, and for secrets also `TISKTASK_<NAME>_FILE`."""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tisktask_common.errors import UserError

PREFIX = "TISKTASK_"


class SecretFiles(PydanticBaseSettingsSource):
    """Reads `TISKTASK_<NAME>_FILE` for the fields that are secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None or "SecretStr" not in str(field.annotation):
            return None, field_name, False
        try:
            return Path(path).read_text().strip(), field_name, False
        except OSError as error:
            raise UserError(f"{PREFIX}{field_name.upper()}_FILE: {path}: {error.strerror}") from error

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """What every service is told. A service adds its own fields in a frozen subclass."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    log_format: Literal["text", "json"] = Field(default="json", description="form of the log on standard output")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least that is logged")
    listen: str = Field(default="127.0.0.1:0", description="address:port of health, metrics and the service's HTTP")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        _ = dotenv_settings, file_secret_settings
        return init_settings, env_settings, SecretFiles(settings_cls)


class BusSettings(Settings):
    """How to reach NATS."""

    nats_url: str = Field(default="nats://127.0.0.1:4222", description="one address, or several with commas")
    nats_seed: SecretStr | None = Field(default=None, description="nkey seed of this service's user")
    nats_user: str = Field(default="", description="name of the user; also the prefix of its inbox")


class DatabaseSettings(Settings):
    """How to reach PostgreSQL."""

    database_url: SecretStr = Field(
        default=SecretStr("postgresql:///tisktask"), description="libpq address; may hold a password"
    )
    database_connections_max: int = Field(default=8, ge=2, le=100, description="connections of this process")
