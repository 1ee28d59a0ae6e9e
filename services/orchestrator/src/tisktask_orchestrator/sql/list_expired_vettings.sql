-- List runs that have waited for approval for too long.
SELECT run_id AS id
FROM orchestrator.vettings AS vetting
JOIN orchestrator.runs AS run ON run.id = vetting.run_id
WHERE vetting.state = 'waiting'
    AND run.finished_at IS NULL
    AND vetting.held_at < now() - make_interval(secs => %(seconds)s)
ORDER BY vetting.held_at
LIMIT 100
