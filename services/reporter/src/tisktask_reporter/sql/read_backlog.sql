-- Count what is not delivered yet, and how long the oldest of it has waited.
SELECT count(*) AS waiting,
    coalesce(extract(epoch FROM now() - min(wanted_at)), 0)::float8 AS oldest_seconds
FROM reporter.statuses
WHERE next_try_at IS NOT NULL
