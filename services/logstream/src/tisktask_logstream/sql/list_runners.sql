-- Lists the runner replicas that were ever seen.
SELECT runner, replica, pool, slots, busy, is_draining, version, engine, last_seen_at, is_alive, labels, waiting
FROM api.runners
ORDER BY runner, replica
