"""What an operator can see of ingest."""

from prometheus_client import Counter, Gauge, Histogram

deliveries = Counter(
    "tisktask_ingest_deliveries_total", "Webhook deliveries by what became of them", ["forge", "outcome"]
)
answer_seconds = Histogram(
    "tisktask_ingest_answer_seconds",
    "From a delivery's headers to its answer",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 10),
)
publish_failures = Counter("tisktask_ingest_publish_failures_total", "Tries to store a delivery on the bus that failed")
replays = Counter("tisktask_ingest_replays_total", "Kept deliveries that were taken once more")
spool_deliveries = Gauge("tisktask_ingest_spool_deliveries", "Deliveries on disk that wait for the bus")
spool_bytes = Gauge("tisktask_ingest_spool_bytes", "Bytes of the deliveries on disk that wait for the bus")
spool_failures = Counter("tisktask_ingest_spool_failures_total", "Failures of the spool's disk, by kind", ["kind"])
registry_refreshes = Counter(
    "tisktask_ingest_registry_refreshes_total", "Refreshes of the list of repositories", ["outcome"]
)
identities = Counter(
    "tisktask_ingest_identities_total", "Repositories that were renamed, or first numbered", ["outcome"]
)
snapshot_failures = Counter("tisktask_ingest_snapshot_failures_total", "Snapshots of the repositories not written")
repositories = Gauge("tisktask_ingest_repositories", "Repositories that deliveries are taken for")
delivery_notes = Counter(
    "tisktask_ingest_delivery_notes_total", "Deliveries that the orchestrator was told of", ["kind"]
)
