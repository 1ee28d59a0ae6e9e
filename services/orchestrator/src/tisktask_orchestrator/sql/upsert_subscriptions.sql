-- Note which channels a job's connections hear.
INSERT INTO orchestrator.subscriptions (run_id, job_id, attempt, runner, channel, connections)
SELECT %(run_id)s, %(job_id)s, %(attempt)s, %(runner)s, heard.channel, heard.connections
FROM unnest(%(channels)s::bytea[], %(connections)s::integer[]) AS heard (channel, connections)
ON CONFLICT (run_id, channel, job_id) DO UPDATE
SET attempt = excluded.attempt, runner = excluded.runner, connections = excluded.connections
