-- Count the connections that hear a channel of a run, by host.
SELECT runner, sum(connections)::integer AS connections
FROM orchestrator.subscriptions
WHERE run_id = %(run_id)s AND channel = %(channel)s
GROUP BY runner
ORDER BY runner
