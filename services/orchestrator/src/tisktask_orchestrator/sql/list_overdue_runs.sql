-- List unfinished runs that have had their time and have no order to stop yet.
SELECT id
FROM orchestrator.runs
WHERE finished_at IS NULL
    AND stop_state IS NULL
    -- Who waits for a person has time: that has a limit of its own.
    AND state <> 'awaiting_approval'
    AND coalesce(released_at, created_at) < now() - make_interval(secs => %(run_seconds_max)s)
ORDER BY created_at
LIMIT 100
