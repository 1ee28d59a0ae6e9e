"""How much waits and how much is at work, for an operator's eyes."""

from prometheus_client import Gauge

from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.store.looks import count_looks
from tisktask_orchestrator.store.runners import count_unfinished

jobs_unfinished = Gauge(
    "tisktask_jobs_unfinished", "Jobs that have not ended: waiting, dispatched, starting, running", ["where"]
)
jobs_unplaceable = Gauge("tisktask_jobs_unplaceable", "Jobs that ask for labels which no live runner has")
jobs_lending = Gauge("tisktask_jobs_lending", "Jobs that wait for others and lend their slot meanwhile")
outbox_messages = Gauge("tisktask_outbox_messages", "Messages that are committed and not yet published")

looks_failing = Gauge("tisktask_looks_failing", "Repositories that could not be looked at the last time")
look_wait_seconds = Gauge("tisktask_look_wait_seconds", "How long the oldest look that is due has waited for a runner")


async def measure(collaborators: Collaborators) -> None:
    """Read the figures; all replicas show the same."""
    async with collaborators.pool.connection() as connection:
        counts = await count_unfinished(connection)
        looks = await count_looks(connection)
    jobs_unfinished.labels("waiting").set(counts.waiting)
    jobs_unfinished.labels("dispatched").set(counts.dispatched)
    jobs_unfinished.labels("starting").set(counts.starting)
    jobs_unfinished.labels("running").set(counts.running)
    jobs_unplaceable.set(counts.unplaceable)
    jobs_lending.set(counts.lent)
    outbox_messages.set(counts.outbox)
    looks_failing.set(looks.failing)
    look_wait_seconds.set(looks.oldest_seconds)
