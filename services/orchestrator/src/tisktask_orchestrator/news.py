"""Tells runner hosts that something has changed which somebody there waits for. It carries no data and may get lost."""

import structlog
from nats.errors import Error as NatsError

from tisktask_common.bus.connection import Bus
from tisktask_common.job_requests import News
from tisktask_common.subjects import news_subject

log = structlog.get_logger()

#: Topic of a run: jobs of it have ended.
JOBS_TOPIC = "jobs"


async def send_news(bus: Bus, runner: str, news: News) -> None:
    """Say it to one host, after the commit of what it is about."""
    try:
        await bus.client.publish(news_subject(runner), news.model_dump_json().encode())
    except NatsError as error:
        # Whoever waits asks by itself every few seconds.
        log.warning("news_not_sent", runner=runner, scope=news.scope, error=repr(error))
