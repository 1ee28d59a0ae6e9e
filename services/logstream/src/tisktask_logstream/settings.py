"""What this service is told."""

from pathlib import Path

from pydantic import Field, SecretStr

from tisktask_common.process.settings import BusSettings, DatabaseSettings


class LogstreamSettings(BusSettings, DatabaseSettings):
    """Settings of logstream, from `TISKTASK_<NAME>`."""

    listen: str = Field(default="127.0.0.1:4000", description="address:port of the UI, the API, health and metrics")
    state_dir: Path = Field(description="folder of the logs; they are in its folder `logs`")
    admin_token: SecretStr = Field(min_length=1, description="the bearer token of the API and the password of the UI")
    public_url: str = Field(
        default="", description="address that browsers use, https://ci.example.org; empty: the one they ask for"
    )
    session_seconds: int = Field(default=7 * 86_400, ge=60, description="how long a login in the browser lasts")
    streams_max: int = Field(default=1000, ge=1, description="open streams of Server-Sent Events, of all viewers")
    logs_open_max: int = Field(default=256, ge=8, description="logs kept open; each has two files")
    keep_log_days: int = Field(
        default=0, ge=0, le=36_500, description="logs are deleted so long after their run's end; 0: with their run"
    )
    log_bytes_max: int = Field(
        default=0, ge=0, description="of all logs; the oldest of ended runs are deleted for it; 0: no limit"
    )
    gap_seconds: float = Field(
        default=90, gt=0, description="how long to wait for missing bytes of a log before it goes on with a gap"
    )
