-- Note a replica's heartbeat.
INSERT INTO orchestrator.runners (
    runner, replica, pool, slots, busy, is_draining, version, engine, labels, waiting, last_seen_at, alive_until
)
VALUES (
    %(runner)s, %(replica)s, %(pool)s, %(slots)s, %(busy)s, %(is_draining)s, %(version)s, %(engine)s,
    %(labels)s, %(waiting)s,
    now(), now() + make_interval(secs => %(lease_seconds)s)
)
ON CONFLICT (runner, replica) DO UPDATE SET
    pool = excluded.pool,
    slots = excluded.slots,
    busy = excluded.busy,
    is_draining = excluded.is_draining,
    version = excluded.version,
    engine = excluded.engine,
    labels = excluded.labels,
    waiting = excluded.waiting,
    last_seen_at = excluded.last_seen_at,
    alive_until = excluded.alive_until
