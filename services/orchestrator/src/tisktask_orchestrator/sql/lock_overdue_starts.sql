-- Take wanted runs that have waited too long, with what went wrong at the last look. Nobody waits for what a webhook has
-- told, and nobody asks for it again: it has a day at least.
SELECT start.id, look.error
FROM orchestrator.starts AS start
LEFT JOIN orchestrator.looks AS look ON look.repository_id = start.repository_id
WHERE start.state = 'waiting'
    AND start.wanted_at < now() - make_interval(secs => %(seconds_max)s)
    AND (start.trigger IS NULL OR start.wanted_at < now() - interval '1 day')
ORDER BY start.id
LIMIT 1000
FOR UPDATE OF start SKIP LOCKED
