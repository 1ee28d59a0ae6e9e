-- List the oldest messages that are not on their way yet, leaving out lanes that have to wait.
SELECT id, lane, subject, message_id, data
FROM orchestrator.outbox
WHERE id <> ALL(%(on_their_way)s::bigint[]) AND lane <> ALL(%(waiting_lanes)s::text[])
ORDER BY id
LIMIT %(count)s
