"""What the reporter is told by its environment."""

from typing import Annotated

from pydantic import AfterValidator, Field
from yarl import URL

from tisktask_common.process.settings import BusSettings, DatabaseSettings


def _check_public_url(text: str) -> str:
    url = URL(text)
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("must be an address that begins with http:// or https:// (forges refuse others as links)")
    return text.rstrip("/")


def _check_webhook_url(text: str) -> str:
    return _check_public_url(text) if text else ""


class ReporterSettings(BusSettings, DatabaseSettings):
    """Settings of the reporter."""

    listen: str = Field(default="127.0.0.1:4004", description="address:port of health and metrics")
    public_url: Annotated[str, AfterValidator(_check_public_url)] = Field(
        default="http://127.0.0.1:4000",
        description="where people reach the web pages: statuses link to <public_url>/runs/<run>",
    )
    webhook_url: Annotated[str, AfterValidator(_check_webhook_url)] = Field(
        default="",
        description="where forges reach ingest, as in https://ci.example.org; empty: any webhook with our path is ours",
    )
    posts_at_once_max: int = Field(default=16, ge=1, le=200, description="statuses that are being posted at once")
    posts_per_account_max: int = Field(
        default=4, ge=1, le=50, description="of these, with one token on one Forgejo or Gitea; on GitHub one at once"
    )
    github_post_pause_seconds: float = Field(
        default=1, ge=0, description="least time between two posts with one token on GitHub, which asks for a second"
    )
    github_posts_per_hour_max: int = Field(
        default=500, ge=0, description="posts with one token on GitHub within an hour; 0: no limit (Enterprise Server)"
    )
    post_seconds_max: float = Field(default=10, gt=0, le=60, description="one post, with the redirects it meets")
    retry_delay_seconds: float = Field(default=1, gt=0, description="pause before the first retry; doubles from there")
    retry_delay_seconds_max: float = Field(default=60, gt=0, description="longest pause between two retries")
    faults_max: int = Field(
        default=6, ge=1, description="failed posts of one status before it is given up, unless nothing gets through"
    )
    away_seconds_max: float = Field(
        default=86_400,
        gt=0,
        description="a status that has waited longer is given up if its forge was away as long",
    )
    description_seconds_min: float = Field(
        default=10, ge=0, description="pause between two posts of a pending status if only its description changes"
    )
    # More than the 7 days that the bus keeps events: else an event that comes again could pass for a new one.
    statuses_kept_days: int = Field(default=30, ge=8, description="reported statuses are forgotten after this time")
