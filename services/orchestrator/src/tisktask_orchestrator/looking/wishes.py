"""Who wants to know what the branches and tags of a repository stand at, and which host is to look.

The answer to a heartbeat offers a look to one host; `reconciling/looks.py` takes what that has seen.
"""

from prometheus_client import Counter

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId
from tisktask_common.job_requests import News
from tisktask_common.rpc import Heartbeat
from tisktask_common.subjects import WORK_TOPIC
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.news import send_news
from tisktask_orchestrator.settings import OrchestratorSettings
from tisktask_orchestrator.store.looks import choose_looker, insert_wanted_look, offer_looks

#: How long a host has for a look, from the offer, from the beginning and from each piece of its answer.
LEASE_SECONDS = 60.0

looks_total = Counter("tisktask_looks_total", "Looks at repositories, by how they went", ["result"])


async def want_look(connection: Connection, repository: RepositoryId) -> None:
    """Want the heads of a repository soon, in the caller's transaction. Wanted twice, it is one look."""
    await insert_wanted_look(connection, repository)


async def hasten_look(collaborators: Collaborators) -> None:
    """Have some host ask at once whether there is a look to make; after the commit that wants it."""
    async with collaborators.pool.connection() as connection:
        runner = await choose_looker(connection)
    if runner:
        await send_news(collaborators.bus, runner, News(scope=runner, topics=[WORK_TOPIC]))


async def looks_for(connection: Connection, beat: Heartbeat, settings: OrchestratorSettings) -> list[RepositoryId]:
    """Choose the looks that the host of a heartbeat is to make."""
    if not beat.can_look or beat.is_draining:
        return []
    offers = await offer_looks(connection, beat.runner, settings.looks_per_host_max, LEASE_SECONDS)
    looks_total.labels("lost").inc(sum(offer.was_lost for offer in offers))
    return [offer.repository_id for offer in offers]
