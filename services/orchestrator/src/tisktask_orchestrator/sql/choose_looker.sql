-- Choose a host that can look at repositories.
SELECT runner
FROM orchestrator.runners
WHERE can_look AND alive_until > now() AND NOT is_draining
ORDER BY random()
LIMIT 1
